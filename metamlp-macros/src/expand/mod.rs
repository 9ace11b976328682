//! From the model to tokens, one function an emitted item. Every path is
//! absolute and every name of ours is hygienic, so that nothing in the user's
//! scope changes what is meant.

pub(crate) mod block;
mod call;
mod docs;
mod methods;
pub(crate) mod module;
pub(crate) mod network;
pub(crate) mod tree;

#[cfg(test)]
mod snapshots;

/// `quote!` with the names that it writes resolved where the macro is defined.
macro_rules! tokens {
    ($($tokens:tt)*) => { ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*) };
}
use tokens;
