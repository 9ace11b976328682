//! Formats tokens as source code, for messages and docs.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens as text, with spaces where a reader expects them.
pub(crate) fn spelled(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.to_token_stream(), &mut text);
    text
}

/// Operators of two characters.
const PAIRS: [&str; 10] = ["::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", ".."];

fn write(tokens: TokenStream, text: &mut String) {
    let mut before = Before::Start;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        before = match token {
            TokenTree::Punct(punct) => {
                let mut operator = String::from(punct.as_char());
                if punct.spacing() == Spacing::Joint {
                    let second =
                        tokens.next_if(|second| PAIRS.contains(&format!("{operator}{second}").as_str()));
                    operator.extend(second.map(|second| second.to_string()));
                }
                write_operator(&operator, before, text)
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
                Before::Word
            }
            word => {
                if matches!(before, Before::Word) {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
                Before::Word
            }
        };
    }
}

/// The kind of the token before.
#[derive(Clone, Copy)]
enum Before {
    Start,
    Word,
    Operator,
}

fn write_operator(operator: &str, before: Before, text: &mut String) -> Before {
    let is_prefix = !matches!(before, Before::Word);
    match operator {
        "," | ";" | ":" => text.push_str(&format!("{operator} ")),
        "::" | "." | "<" | ">" | "!" | "?" | "'" | ".." | "#" => text.push_str(operator),
        _ if is_prefix => text.push_str(operator),
        _ => text.push_str(&format!(" {operator} ")),
    }
    // The end of generic arguments counts as a word.
    if operator == ">" { Before::Word } else { Before::Operator }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_spelled_as_written() {
        for code in [
            "String::new()",
            "lecun_normal()",
            "vec![1, -2]",
            "4 * features + 1",
            "&'a mut Vec<(usize, Tensor)>",
            "&self, x: &Tensor, train: bool",
            "Some(x.abs())",
            "impl Fn(&Tensor) -> Tensor + 'static",
            "Options { width: 3 }",
            "BTreeMap<String, Vec<Vec<f32>>>, 3",
            "Vec::<u8>::new()",
        ] {
            let tokens: TokenStream = code.parse().unwrap();
            assert_eq!(spelled(tokens), code);
        }
    }
}
