//! The stages of each macro in order: parse, check, then expand or fall back.

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use crate::errors::Errors;
use crate::model::Runtime;
use crate::parse::{CompactItem, crate_option};
use crate::{check, expand, fallback};

/// `#[module]`.
pub(crate) fn module(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let runtime = Runtime::new(crate_option(options, "module", &mut errors));
    let module = check::module::check(runtime.clone(), item.clone(), &mut errors);
    let expanded = module.as_ref().map(expand::module::expand);
    finish(expanded.unwrap_or_else(|| fallback::module(item, &runtime)), &errors)
}

/// `#[compact]`.
pub(crate) fn compact(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let runtime = Runtime::new(crate_option(options, "compact", &mut errors));
    let parsed = errors.take(syn::parse2(item.clone()));
    let expanded = parsed.and_then(|parsed| match parsed {
        CompactItem::Block(block) => {
            check::block::check(runtime, *block, &mut errors).map(|block| expand::block::expand(&block))
        }
        CompactItem::Function(function) => check::function::check(runtime, *function, &mut errors)
            .map(|function| expand::function::expand(&function)),
        CompactItem::Other(keyword) => {
            check::not_compact(&keyword, &mut errors);
            None
        }
    });
    finish(expanded.unwrap_or_else(|| fallback::item(item)), &errors)
}

/// `#[derive(Tree)]`.
pub(crate) fn tree(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let tree = check::tree::check(item, &mut errors);
    finish(tree.as_ref().map(expand::tree::expand).unwrap_or_default(), &errors)
}

fn finish(mut expanded: TokenStream, errors: &Errors) -> TokenStream {
    errors.to_tokens(&mut expanded);
    expanded
}
