//! What `#[compact]` writes for an `impl` block: its methods as calls.

use proc_macro2::TokenStream;

use super::call::entering;
use super::tokens;
use crate::model::{Block, BlockMember};

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
