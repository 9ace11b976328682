//! The table of a module's methods, which calls a method by its name: names,
//! parameters, and the conversion of arguments whose types are known only at run time.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, GenericParam, Pat, PatType, ReturnType, Type};

use super::call::loaned_option;
use super::tokens;
use crate::model::{Runtime, ungrouped};
use crate::parse::Function;
use crate::scan::{borrows, mentions};
use crate::spelling::spelled;

/// The table of methods that enter the scope of a module of that type.
/// `conditions` are the attributes of the whole block.
pub(super) fn table(
    module: &impl quote::ToTokens,
    conditions: &[Attribute],
    methods: &[&Function],
    runtime: &Runtime,
) -> TokenStream {
    let rows = methods.iter().map(|method| row(method, runtime));
    let arms: Vec<_> = methods.iter().filter_map(|method| arm(method, runtime)).collect();
    let is_deprecated =
        |method: &&Function| method.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let allow = methods.iter().any(is_deprecated).then(|| tokens!(#[allow(deprecated)]));
    let (given, entry) = if arms.is_empty() {
        (tokens!(_), tokens!(::core::option::Option::None))
    } else {
        (tokens!(given), tokens!(match given.method() { #(#arms)* _ => ::core::option::Option::None }))
    };
    tokens! {
        #(#conditions)*
        #allow
        impl #runtime::Methods for #module {
            fn methods(&self) -> &'static [#runtime::Method] {
                const METHODS: &[#runtime::Method] = &[#(#rows),*];
                METHODS
            }

            #[track_caller]
            fn run(&self, #given: &#runtime::BoundArguments<'_>) -> #runtime::Invoked {
                ::core::result::Result::Ok(#entry)
            }
        }
    }
}

/// The row of a method: its name, parameters and output.
fn row(method: &Function, runtime: &Runtime) -> TokenStream {
    let cfgs = cfgs(&method.attrs);
    let name = method.signature.ident.unraw().to_string();
    let parameters = inputs(method).map(|(name, input)| {
        let (cfgs, ty) = (self::cfgs(&input.attrs), spelled(&input.ty));
        tokens!(#(#cfgs)* (#name, #ty))
    });
    let output = match &method.signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => spelled(ty),
    };
    let hindered = obstacle(method).map(|obstacle| tokens!(.hindered_by(#obstacle)));
    tokens!(#(#cfgs)* #runtime::Method::new(#name, &[#(#parameters),*], #output) #hindered)
}

/// The match arm that calls a method; `None` if the method cannot be called by name.
fn arm(method: &Function, runtime: &Runtime) -> Option<TokenStream> {
    if obstacle(method).is_some() {
        return None;
    }
    let cfgs = cfgs(&method.attrs);
    let ident = &method.signature.ident;
    let name = ident.unraw().to_string();
    let arguments = inputs(method).filter_map(|(name, input)| {
        let cfgs = self::cfgs(&input.attrs);
        let (ty, way) = taken(&input.ty)?;
        Some(tokens!(#(#cfgs)* #runtime::Parameter::<#ty>::new(given, #name).#way()?))
    });
    let call = tokens!(self.#ident(#(#arguments),*));
    let entry = match &method.signature.output {
        output if is_unit(output) => tokens!({
            #call;
            ::core::option::Option::Some(#runtime::Entry::Tuple(::core::default::Default::default()))
        }),
        ReturnType::Type(_, ty) if matches!(ungrouped(ty), Type::Reference(_)) => {
            tokens!(#runtime::Probe::new(#call).entry())
        }
        _ => tokens!(#runtime::Probe::new(&#call).entry()),
    };
    Some(tokens!(#(#cfgs)* #name => #entry,))
}

/// The part of a signature that keeps the method from being called by name.
fn obstacle(method: &Function) -> Option<String> {
    let signature = &method.signature;
    let generic = signature.generics.params.iter().find(|param| !matches!(param, GenericParam::Lifetime(_)));
    let input = || inputs(method).find(|(_, input)| taken(&input.ty).is_none());
    let output = || match &signature.output {
        ReturnType::Type(_, ty) if !is_seen(ty) => Some(format!("-> {}", spelled(ty))),
        _ => None,
    };
    generic
        .map(spelled)
        .or_else(|| input().map(|(name, input)| format!("{name}: {}", spelled(&input.ty))))
        .or_else(output)
}

/// The type that a parameter asks its argument for, and the method that does;
/// `None` if no argument can be converted.
fn taken(ty: &Type) -> Option<(&Type, TokenStream)> {
    if mentions(ty.to_token_stream(), "impl") {
        return None;
    }
    let ty = ungrouped(ty);
    let (ty, way) = match (ty, loaned_option(ty)) {
        (Type::Reference(loan), _) if borrows(ty.to_token_stream()) && loan.mutability.is_none() => {
            (&*loan.elem, tokens!(lend))
        }
        (_, Some(loaned)) => (loaned, tokens!(lend_option)),
        _ => (ty, tokens!(take)),
    };
    (!borrows(ty.to_token_stream())).then_some((ty, way))
}

/// True if the tensors of an output can be read, by the same rule as for capture.
fn is_seen(ty: &Type) -> bool {
    match ungrouped(ty) {
        Type::Never(_) => false,
        Type::Reference(loan) => !borrows(loan.elem.to_token_stream()),
        ty => !borrows(ty.to_token_stream()),
    }
}

fn is_unit(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => matches!(ungrouped(ty), Type::Tuple(tuple) if tuple.elems.is_empty()),
    }
}

/// The arguments without the receiver, with their names.
fn inputs(method: &Function) -> impl Iterator<Item = (String, &PatType)> {
    method.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(name) => Some((name.ident.unraw().to_string(), input)),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })
}

fn cfgs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
}
