//! Documentation of the generated functions, from the docs that the user wrote
//! on fields and arguments.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta};

use super::tokens;
use crate::spelling::spelled;

/// A list of the arguments that have docs.
pub(super) fn argument_docs<'a, D>(arguments: impl Iterator<Item = (&'a Ident, D)>) -> TokenStream
where
    D: Iterator<Item = &'a Attribute>,
{
    let items = arguments.flat_map(|(name, docs)| {
        let text: Vec<_> = docs.filter_map(text).collect();
        let mut lines = text.iter().flat_map(|text| text.lines());
        let first = lines.next().map(|line| format!(" - `{name}`: {}", line.trim()));
        let rest: Vec<_> = lines.map(|line| format!("  {line}")).collect();
        first.into_iter().chain(rest)
    });
    let items: Vec<_> = items.collect();
    if items.is_empty() { TokenStream::new() } else { tokens!(#[doc = ""] #(#[doc = #items])*) }
}

/// The paragraph that states a default.
pub(super) fn default_doc(default: &Expr) -> TokenStream {
    let text = format!(" Default: `{}`.", spelled(default));
    tokens!(#[doc = ""] #[doc = #text])
}

/// The text of a `#[doc = ".."]`, if it is a string literal.
fn text(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
