//! A small Rust lexer: words, symbols, literals and comments with their lines.

/// The kind of a [`Token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier, a keyword or a number.
    Word,
    /// `::`, `=>` or one other character.
    Symbol,
    /// A string, a character or a lifetime.
    Literal,
    /// A comment with its slashes.
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

/// All tokens of a source, comments included.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next(rest, first);
        let (text, after) = rest.split_at(length);
        if let Some(kind) = kind {
            tokens.push(Token { kind, text, line });
        }
        line += text.bytes().filter(|&byte| byte == b'\n').count();
        rest = after;
    }
    tokens
}

/// The tokens that the compiler sees outside of tests: no comments and no item
/// behind `#[cfg(test)]`.
pub(super) fn code(source: &str) -> Vec<Token<'_>> {
    let mut all = tokens(source);
    all.retain(|token| token.kind != Kind::Comment);
    let mut kept = Vec::with_capacity(all.len());
    let mut i = 0;
    while i < all.len() {
        if starts_with(&all[i..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            i = item_end(&all, i + 7);
        } else {
            kept.push(all[i]);
            i += 1;
        }
    }
    kept
}

/// The comments of a source.
pub(super) fn comments(source: &str) -> impl Iterator<Item = Token<'_>> {
    tokens(source).into_iter().filter(|token| token.kind == Kind::Comment)
}

pub(super) fn starts_with(tokens: &[Token<'_>], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// The place after the bracket that closes the one at `open`.
pub(super) fn closed(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

/// The place after the item that starts at `start`, its attributes included.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut i = start;
    let mut is_use = false;
    while i < tokens.len() {
        match tokens[i].text {
            ";" => return i + 1,
            "{" if !is_use => return closed(tokens, i),
            "{" | "(" | "[" => i = closed(tokens, i),
            text => {
                is_use |= text == "use";
                i += 1;
            }
        }
    }
    i
}

/// The kind and the length of the token that `rest` starts with; space has no kind.
fn next(rest: &str, first: char) -> (Option<Kind>, usize) {
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        return (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Some(Kind::Comment), block_comment(rest));
    }
    if let Some(length) = string(rest) {
        return (Some(Kind::Literal), length);
    }
    if first == '\'' {
        return (Some(Kind::Literal), character_or_lifetime(rest));
    }
    if is_word(first) {
        return (Some(Kind::Word), rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
    }
    let length = if rest.starts_with("::") || rest.starts_with("=>") { 2 } else { first.len_utf8() };
    (Some(Kind::Symbol), length)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        if rest[i..].starts_with("/*") {
            depth += 1;
            i += 2;
        } else if rest[i..].starts_with("*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += rest[i..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a string literal, raw or not, if `rest` starts with one.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !prefix.ends_with('r') {
        return (hashes == 0).then(|| prefix.len() + quoted(after, '"'));
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let start = prefix.len() + hashes + 1;
    Some(rest[start..].find(&close).map_or(rest.len(), |length| start + length + close.len()))
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut characters = rest[1..].chars();
    let (first, second) = (characters.next(), characters.next());
    if first == Some('\\') || second == Some('\'') {
        return quoted(rest, '\'');
    }
    1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1)
}

/// The length of a literal between two quotes, in which `\` escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return i + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

#[test]
fn strings_comments_and_tests_are_no_code() {
    let source = r##"
        use crate::a; // { in a comment
        const S: &str = "} \" {"; const R: &str = r#"""#; const C: char = '{';
        #[cfg(test)]
        mod tests { use crate::b; }
        #[cfg(test)]
        use crate::{c};
        fn f<'a>(x: &'a str) /* /* } */ */ {}
    "##;
    let words: Vec<_> = code(source).iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect();
    let expected = "use crate a const S str const R str const C char fn f x str";
    assert_eq!(words.join(" "), expected);
}
