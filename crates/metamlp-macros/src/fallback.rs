//! What is emitted where nothing can be made of an item: the item as it was
//! written, so that its uses elsewhere do not fail too.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The macros' own attributes, which mean nothing without them.
const HELPERS: [&str; 3] = ["default", "field", "nowrap"];

/// `item` without the helper attributes.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut tokens = item.into_iter().peekable();
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
    let mut stripped = Group::new(group.delimiter(), expand(group.stream()));
    stripped.set_span(group.span());
    stripped
}

/// Whether this is the `[field(..)]` of an attribute; a bare `[default]` is the
/// standard library's, on a variant.
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
