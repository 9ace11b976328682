//! The items as `check` has understood them. `expand` sees only these types, and no syntax.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Generics, Ident, Path, Type, Visibility};

use crate::parse::Function;

/// The path of the runtime's hidden module, the only path that generated code uses.
#[derive(Clone)]
pub(crate) struct Runtime(Path);

impl Runtime {
    pub(crate) fn new(krate: Option<Path>) -> Self {
        let krate = krate.unwrap_or_else(|| syn::parse_quote!(::metamlp));
        Self(syn::parse_quote!(#krate::__private))
    }
}

impl quote::ToTokens for Runtime {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// A module's struct.
pub(crate) struct Module {
    /// Docs and other attributes of the user.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) fields: Vec<Field>,
    /// The function, if the module was written as one.
    pub(crate) function: Option<Ident>,
    pub(crate) runtime: Runtime,
}

/// A field of a module.
pub(crate) struct Field {
    /// Docs and other attributes of the user, without the macros' own.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The value that `new` sets; a field without one is an argument of `new`.
    pub(crate) default: Option<Expr>,
    /// True if the field has a setter: it has a default, and its name may be used for one.
    pub(crate) setter: bool,
    /// True if `new` takes any value that converts into the field.
    pub(crate) into: bool,
}

/// A `#[compact] impl` block.
pub(crate) struct Block {
    /// The tokens before the braces.
    pub(crate) head: TokenStream,
    pub(crate) self_type: Type,
    /// The `#[cfg(..)]`s and `#[allow(..)]`s, which apply to the generated items too.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) members: Vec<BlockMember>,
    pub(crate) runtime: Runtime,
}

/// One item of a `#[compact] impl` block.
pub(crate) enum BlockMember {
    /// A method that enters the module's scope.
    Entering(Box<Function>),
    /// A method that enters a scope of its own name below the module's.
    NameScope(Box<Function>),
    /// An item that stays as it is.
    Untouched(TokenStream),
}

/// A `#[compact]` function: a module with one method.
pub(crate) struct FunctionModule {
    pub(crate) module: Module,
    /// The method `call`, still under the function's name and without its receiver.
    pub(crate) call: Function,
    /// The arguments of `call` and the docs written on them.
    pub(crate) input_docs: Vec<(Ident, Vec<Attribute>)>,
    /// For each field its variable in the body, with `mut` if that was written.
    pub(crate) locals: Vec<TokenStream>,
}

/// A type that is a tree of tensors.
pub(crate) struct TreeType {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) shape: TreeShape,
    pub(crate) runtime: Runtime,
}

pub(crate) enum TreeShape {
    Struct(Vec<TreePart>),
    Enum(Vec<(Ident, Vec<TreePart>)>),
}

/// One field of a tree.
pub(crate) struct TreePart {
    pub(crate) member: syn::Member,
    pub(crate) ty: Type,
    /// True if the field is part of the program and not of its data.
    pub(crate) is_static: bool,
}

impl TreeShape {
    /// The fields, of all variants.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &TreePart> {
        let (fields, variants) = match self {
            Self::Struct(parts) => (parts.as_slice(), [].as_slice()),
            Self::Enum(variants) => ([].as_slice(), variants.as_slice()),
        };
        fields.iter().chain(variants.iter().flat_map(|(_, parts)| parts))
    }

    /// True if a visitor is called at all. The name of a variant counts.
    pub(crate) fn is_visited(&self) -> bool {
        match self {
            Self::Struct(parts) => !parts.is_empty(),
            Self::Enum(variants) => !variants.is_empty(),
        }
    }

    /// True if a field may hold a tensor.
    pub(crate) fn has_trees(&self) -> bool {
        self.parts().any(|part| !part.is_static)
    }
}

impl Module {
    /// The class name, from which automatic names are made.
    pub(crate) fn class(&self) -> String {
        self.name.unraw().to_string()
    }

    /// The arguments of `new`.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.default.is_none())
    }

    /// The user's `#[allow(..)]`s, which apply to the generated code too.
    pub(crate) fn allows(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("allow"))
    }
}

impl Field {
    pub(crate) fn docs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("doc"))
    }

    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The type of the argument of `new`.
    pub(crate) fn argument(&self) -> TokenStream {
        let ty = &self.ty;
        if self.into { quote!(impl ::core::convert::Into<#ty>) } else { quote!(#ty) }
    }

    /// The type of the setter's argument: any value that converts into the field,
    /// or the field's own type where a conversion would leave the type of a literal
    /// open (`3` as `impl Into<usize>`) or prevent a coercion (to a function pointer).
    pub(crate) fn setter_argument(&self) -> TokenStream {
        let ty = &self.ty;
        match ungrouped(ty) {
            Type::Path(path) if !is_primitive(&path.path) => {
                quote!(impl ::core::convert::Into<#ty>)
            }
            _ => quote!(#ty),
        }
    }

    pub(crate) fn setter_converts(&self) -> bool {
        matches!(ungrouped(&self.ty), Type::Path(path) if !is_primitive(&path.path))
    }
}

/// A type without the invisible or written parentheses around it.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

pub(crate) fn is_primitive(path: &Path) -> bool {
    const PRIMITIVES: [&str; 16] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
        "u128", "usize",
    ];
    path.get_ident().is_some_and(|name| PRIMITIVES.iter().any(|primitive| name == primitive))
}
