//! What `#[compact]` writes for an `impl` block: each call enters the module's
//! scope and runs its body there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{FnArg, ReturnType, Type};

use super::tokens;
use crate::model::{Block, BlockMember, Runtime, ungrouped};
use crate::parse::Function;
use crate::scan::{borrows, mentions};

pub(crate) fn expand(block: &Block) -> TokenStream {
    let Block { head, members, runtime } = block;
    let members = members.iter().map(|member| match member {
        BlockMember::Entering(method) => entering(method, &TokenStream::new(), runtime),
        BlockMember::Untouched(tokens) => tokens.clone(),
    });
    tokens! {
        #head {
            #(#members)*
        }
    }
}

/// A method whose body runs in the module's scope; `locals` come before it.
pub(super) fn entering(method: &Function, locals: &TokenStream, runtime: &Runtime) -> TokenStream {
    let Function { attrs, vis, signature, body } = method;
    let name = signature.ident.unraw().to_string();
    let receiver = Ident::new("self", receiver_span(method));
    let output = closure_output(&signature.output);
    let entry = entry(&signature.output, runtime);
    // A failing call is told with the line that it stands on.
    let tracked = attrs.iter().any(|attr| attr.path().is_ident("track_caller"));
    let track_caller = (!tracked).then(|| tokens!(#[track_caller]));
    tokens! {
        #(#attrs)*
        #track_caller
        #vis #signature {
            #locals
            #runtime::enter(#receiver, #name, move || #output #body, #entry)
        }
    }
}

/// Where the `self` of the signature was written: another one would not be the same.
fn receiver_span(method: &Function) -> Span {
    match method.signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => receiver.self_token.span,
        _ => Span::mixed_site(),
    }
}

/// The output again, for the closure; a closure cannot name an `impl Trait`, so
/// there it is inferred.
fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => tokens!(-> ()),
        ReturnType::Type(_, ty) if mentions(ty.to_token_stream(), "impl") => TokenStream::new(),
        output => output.to_token_stream(),
    }
}

/// What capture stores of the output: nothing of a type that is no tree, by
/// dispatch on the trait, and of a loan what is loaned.
///
/// Dispatch is blind to lifetimes and would take any `&str` for the static one,
/// which is a tree: other types that borrow are left out by their looks.
fn entry(output: &ReturnType, runtime: &Runtime) -> TokenStream {
    let seen = match output {
        ReturnType::Type(_, ty) => match ungrouped(ty) {
            Type::Reference(loan) if borrows(loan.elem.to_token_stream()) => None,
            Type::Reference(loan) if loan.mutability.is_some() => Some(tokens!(&**output)),
            Type::Reference(_) => Some(tokens!(*output)),
            ty if borrows(ty.to_token_stream()) => None,
            _ => Some(tokens!(output)),
        },
        ReturnType::Default => None,
    };
    seen.map_or_else(
        || tokens!(|_| ::core::option::Option::None),
        |seen| tokens!(|output| #runtime::Probe::new(#seen).entry()),
    )
}
