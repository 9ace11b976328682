//! The output for an item that cannot be understood: the item as it was written,
//! so that its uses elsewhere compile.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::DeriveInput;

use crate::model::Runtime;

/// The macros' own attributes, which the compiler does not know.
const HELPERS: [&str; 4] = ["default", "field", "into", "nowrap"];

/// A type as it was written, with an implementation of `Module`, so that its
/// `#[compact]` block compiles.
pub(crate) fn module(tokens: TokenStream, runtime: &Runtime) -> TokenStream {
    let mut kept = item(tokens);
    if let Ok(DeriveInput { ident, generics, .. }) = syn::parse2(kept.clone()) {
        let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
        kept.extend(quote! {
            impl #impl_generics #runtime::Module for #ident #type_generics #where_clause {
                fn handle(&self) -> &#runtime::Handle {
                    ::core::unreachable!()
                }
                fn submodules(&self, _: &mut #runtime::Visit<'_>) {}
            }
        });
    }
    kept
}

/// `tokens` without the helper attributes.
pub(crate) fn item(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = TokenStream::new();
    while let Some(token) = tokens.next() {
        let after_pound = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        if after_pound && tokens.next_if(is_helper).is_some() {
            continue;
        }
        kept.extend([match token {
            TokenTree::Group(group) => TokenTree::Group(stripped(&group)),
            token => token,
        }]);
    }
    kept
}

fn stripped(group: &Group) -> Group {
    let mut stripped = Group::new(group.delimiter(), item(group.stream()));
    stripped.set_span(group.span());
    stripped
}

/// True if this is the `[field(..)]` of a helper attribute. A bare `[default]` on
/// a variant is the standard library's.
fn is_helper(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    if group.delimiter() != Delimiter::Bracket {
        return false;
    }
    let mut inner = group.stream().into_iter();
    let Some(TokenTree::Ident(name)) = inner.next() else {
        return false;
    };
    HELPERS.iter().any(|helper| name == helper) && (name != "default" || inner.next().is_some())
}
