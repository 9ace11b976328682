//! Turns the model into tokens, one function per emitted item. Every path is
//! absolute and every name of ours is hygienic, so that names in the user's
//! scope cannot change the meaning.

pub(crate) mod block;
mod call;
mod docs;
pub(crate) mod function;
mod methods;
pub(crate) mod module;
pub(crate) mod tree;

#[cfg(test)]
mod snapshots;

/// `quote!` whose names are resolved at the definition of the macro.
macro_rules! tokens {
    ($($tokens:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*) };
}
use tokens;
