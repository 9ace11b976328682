//! The expansion of `#[compact]` on an `impl` block: its methods as calls.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;

use super::call::{entering, entering_name_scope};
use super::{methods, tokens};
use crate::model::{Block, BlockMember};

pub(crate) fn expand(block: &Block) -> TokenStream {
    let Block { head, self_type, conditions, members, runtime } = block;
    let calls: Vec<_> = members
        .iter()
        .filter_map(|member| match member {
            BlockMember::Entering(method) | BlockMember::NameScope(method) => Some(&**method),
            BlockMember::Untouched(_) => None,
        })
        .collect();
    // Only the block with the method `call` has the table, so a type has one table.
    let has_table = calls.iter().any(|method| method.signature.ident == "call");
    let table = has_table.then(|| methods::table(self_type, conditions, &calls, runtime));
    let members = members.iter().map(|member| match member {
        BlockMember::Entering(method) => entering(method, &TokenStream::new(), self_type.span(), runtime),
        BlockMember::NameScope(method) => entering_name_scope(method, self_type.span(), runtime),
        BlockMember::Untouched(tokens) => tokens.clone(),
    });
    tokens! {
        #head {
            #(#members)*
        }
        #table
    }
}
