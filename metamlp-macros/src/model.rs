//! What the macros understand of an item once `check` is through with it.
//! Nothing below this line meets a quirk of the syntax.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Generics, Ident, Path, Type, Visibility};

use crate::parse::Function;

/// The hidden module of the runtime, the one thing that generated code names.
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
    /// Docs and whatever else the user put on it.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) fields: Vec<Field>,
    /// The function that it was written as, if it was.
    pub(crate) function: Option<Ident>,
    pub(crate) runtime: Runtime,
}

/// A field of a module.
pub(crate) struct Field {
    /// Docs and whatever else the user put on it, but for the macros' own.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The value that `new` gives it; without one it is an argument of `new`.
    pub(crate) default: Option<Expr>,
    /// Whether another value can be set, which is where a default leaves its name free.
    pub(crate) setter: bool,
    /// Whether `new` takes whatever converts into it.
    pub(crate) into: bool,
}

/// A `#[compact] impl` block.
pub(crate) struct Block {
    /// All that stands before the braces.
    pub(crate) head: TokenStream,
    pub(crate) self_type: Type,
    /// The `#[cfg(..)]`s and `#[allow(..)]`s, which hold for what is generated beside it too.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) members: Vec<BlockMember>,
    pub(crate) runtime: Runtime,
}

/// One thing in a `#[compact] impl` block.
pub(crate) enum BlockMember {
    /// A method that enters the module's scope.
    Entering(Box<Function>),
    /// The same, and below it the scope of the method's own name.
    NameScope(Box<Function>),
    /// What stays as it is.
    Untouched(TokenStream),
}

/// A `#[compact]` function: a module with one method.
pub(crate) struct Network {
    pub(crate) module: Module,
    /// The method `call`, still under the function's name and without its receiver.
    pub(crate) call: Function,
    /// Its arguments with the docs that were written on them.
    pub(crate) input_docs: Vec<(Ident, Vec<Attribute>)>,
    /// For each field its name in the body, with `mut` where that was written.
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
    /// Whether it belongs to the program and not to its data.
    pub(crate) fixed: bool,
}

impl TreeShape {
    /// Every field there is.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &TreePart> {
        let (fields, variants) = match self {
            Self::Struct(parts) => (parts.as_slice(), [].as_slice()),
            Self::Enum(variants) => ([].as_slice(), variants.as_slice()),
        };
        fields.iter().chain(variants.iter().flat_map(|(_, parts)| parts))
    }

    /// Whether a visitor is shown anything: a variant's name is something.
    pub(crate) fn is_visited(&self) -> bool {
        match self {
            Self::Struct(parts) => !parts.is_empty(),
            Self::Enum(variants) => !variants.is_empty(),
        }
    }

    /// Whether some field may hold a tensor.
    pub(crate) fn has_trees(&self) -> bool {
        self.parts().any(|part| !part.fixed)
    }
}

impl Module {
    /// The class name that automatic names are made of.
    pub(crate) fn class(&self) -> String {
        self.name.unraw().to_string()
    }

    /// The arguments of `new`.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.default.is_none())
    }

    /// The user's `#[allow(..)]`s, which hold for the generated code too.
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

    /// The type of the setter's argument: what converts into the field, but
    /// where that would leave a literal's type open (`3` is no `impl Into<usize>`)
    /// or stop a coercion (to a function pointer), the field's own.
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
