//! Searches in tokens that are not parsed, or for which a syntax tree would be
//! more work.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// True if the word occurs anywhere in the tokens.
pub(crate) fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(other) => other == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// True if a type has a `&` without a lifetime, or a `'_`. The arguments of a
/// function type do not count: they have lifetimes of their own.
pub(crate) fn elides(ty: TokenStream) -> bool {
    lifetimes(ty).any(|lifetime| lifetime.is_none_or(|lifetime| lifetime == "_"))
}

/// True if a type has a lifetime other than `'static`.
pub(crate) fn borrows(ty: TokenStream) -> bool {
    lifetimes(ty).any(|lifetime| lifetime.is_none_or(|lifetime| lifetime != "static"))
}

/// True if a type has a named lifetime other than `'static`.
pub(crate) fn names_lifetime(ty: TokenStream) -> bool {
    lifetimes(ty).flatten().any(|lifetime| lifetime != "_" && lifetime != "static")
}

/// The lifetimes in a type, with `None` for each `&` without one.
fn lifetimes(ty: TokenStream) -> impl Iterator<Item = Option<Ident>> {
    let mut found = Vec::new();
    let mut tokens = ty.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let named = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                if !named {
                    found.push(None);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = tokens.next() {
                    found.push(Some(name));
                }
            }
            TokenTree::Ident(word) if word == "fn" || word.to_string().starts_with("Fn") => {
                tokens.next_if(|token| {
                    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
                });
            }
            TokenTree::Group(group) => found.extend(lifetimes(group.stream()).collect::<Vec<_>>()),
            _ => {}
        }
    }
    found.into_iter()
}

/// The first `self` used as a value. `None` if the tokens define items, since the
/// `self` may belong to one of them.
pub(crate) fn find_self(tokens: TokenStream) -> Option<Ident> {
    const ITEMS: [&str; 5] = ["fn", "impl", "macro_rules", "trait", "use"];
    let mut tokens = tokens.into_iter().peekable();
    let mut found = None;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if ITEMS.iter().any(|item| word == item) => return None,
            TokenTree::Ident(word) if word == "self" => {
                let is_path =
                    matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                if !is_path && found.is_none() {
                    found = Some(word);
                }
            }
            TokenTree::Group(group) if found.is_none() => found = find_self(group.stream()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(code: &str) -> TokenStream {
        code.parse().unwrap()
    }

    #[test]
    fn a_type_borrows_unless_all_its_lifetimes_are_static() {
        for (code, elided, borrowed) in [
            ("Tensor", false, false),
            ("&Tensor", true, true),
            ("Option<&Tensor>", true, true),
            ("(usize, &Tensor)", true, true),
            ("Cow<'_, str>", true, true),
            ("&'a Tensor", false, true),
            ("Cow<'a, str>", false, true),
            ("&'static str", false, false),
            ("fn(&Tensor) -> Tensor", false, false),
            ("Box<dyn Fn(&Tensor) -> Tensor>", false, false),
            ("fn(&Tensor) -> &str", true, true),
        ] {
            assert_eq!((elides(tokens(code)), borrows(tokens(code))), (elided, borrowed), "{code}");
        }
    }

    #[test]
    fn self_is_found_where_it_is_a_value() {
        assert!(find_self(tokens("let x = relu(self.width);")).is_some());
        assert!(find_self(tokens("self::relu(x)")).is_none());
        assert!(find_self(tokens("struct A; impl A { fn b(&self) {} } x")).is_none());
    }
}
