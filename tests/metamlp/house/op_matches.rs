//! The files that interpret `Op` name every operation: a match over `Op` there
//! has no arm for the rest, so that a new operation does not compile until each
//! of them knows it.

use super::sources::source;
use super::tokens::{Kind, Token, closed, code};

/// The interpretations.
const FILES: [&str; 6] = [
    "metamlp-tensor/src/graph/class.rs",
    "metamlp-tensor/src/graph/infer.rs",
    "metamlp-tensor/src/graph/op.rs",
    "metamlp-tensor/src/oracle.rs",
    "metamlp-tensor/src/transform/cost.rs",
    "metamlp-tensor/src/transform/vjp/mod.rs",
];

/// A match with at least this many operations is an interpretation; each file has one.
const INTERPRETATION: usize = 20;
/// A match with fewer operations may have a catch-all arm: it treats a few specially.
const FEW: usize = 4;

/// Catch-all arms in matches over `Op`, and files that do not interpret it.
pub(super) fn catch_all_arms() -> Vec<String> {
    let mut problems = Vec::new();
    for path in FILES {
        let tokens = code(&source(path).text);
        let matches = matches_over_op(&tokens);
        if !matches.iter().any(|found| found.operations >= INTERPRETATION) {
            problems
                .push(format!("{path} has no match that names the operations: change FILES or the match"));
        }
        for line in matches.iter().filter(|found| found.operations >= FEW).filter_map(|found| found.catch_all)
        {
            problems
                .push(format!("{path}:{line}: a match over `Op` has a catch-all arm: name the operations"));
        }
    }
    problems
}

/// A match with patterns `Op::..`, or `Self::..`.
struct OpMatch {
    /// The number of variants in its patterns.
    operations: usize,
    /// The line of its arm for all others.
    catch_all: Option<usize>,
}

fn matches_over_op(tokens: &[Token<'_>]) -> Vec<OpMatch> {
    let mut matches = Vec::new();
    for start in (0..tokens.len()).filter(|&i| tokens[i].text == "match") {
        let Some(open) = block(tokens, start + 1) else { continue };
        let patterns = patterns(&tokens[open + 1..closed(tokens, open) - 1]);
        let operations = patterns.iter().map(|pattern| operations(pattern)).sum();
        let rest = patterns.iter().find(|pattern| is_catch_all(pattern));
        if operations > 0 {
            matches.push(OpMatch { operations, catch_all: rest.map(|pattern| pattern[0].line) });
        }
    }
    matches
}

/// The block of a `match` whose subject starts at `i`.
fn block(tokens: &[Token<'_>], mut i: usize) -> Option<usize> {
    while i < tokens.len() {
        match tokens[i].text {
            "{" => return Some(i),
            "(" | "[" => i = closed(tokens, i),
            ";" | "}" | ")" => return None,
            _ => i += 1,
        }
    }
    None
}

/// The patterns of the arms of a match with this body, without their guards.
fn patterns<'a>(body: &'a [Token<'a>]) -> Vec<&'a [Token<'a>]> {
    let mut patterns = Vec::new();
    let mut i = 0;
    while i < body.len() {
        let start = i;
        let mut guard = None;
        while i < body.len() && body[i].text != "=>" {
            guard = guard.or((body[i].text == "if").then_some(i));
            i = if matches!(body[i].text, "{" | "(" | "[") { closed(body, i) } else { i + 1 };
        }
        if i == body.len() {
            break;
        }
        patterns.push(&body[start..guard.unwrap_or(i)]);
        i += 1;
        if body.get(i).is_some_and(|token| token.text == "{") {
            i = closed(body, i);
            i += usize::from(body.get(i).is_some_and(|token| token.text == ","));
        } else {
            while i < body.len() && body[i].text != "," {
                i = if matches!(body[i].text, "{" | "(" | "[") { closed(body, i) } else { i + 1 };
            }
            i += 1;
        }
    }
    patterns
}

/// The number of variants of `Op` in a pattern.
fn operations(pattern: &[Token<'_>]) -> usize {
    let is_variant = |pair: &&[Token<'_>]| matches!(pair[0].text, "Op" | "Self") && pair[1].text == "::";
    pattern.windows(2).filter(is_variant).count()
}

/// True for `_` and for a name that binds everything.
fn is_catch_all(pattern: &[Token<'_>]) -> bool {
    let [only] = pattern else { return false };
    only.kind == Kind::Word && only.text.starts_with(|c: char| c == '_' || c.is_lowercase())
}

#[test]
fn a_catch_all_arm_is_found_and_others_are_not() {
    let catch_alls = |source: &str| -> Vec<_> {
        matches_over_op(&code(source)).iter().map(|found| (found.operations, found.catch_all)).collect()
    };
    let body = "match op {\n Op::A | Op::B { .. } => { f(match x { _ => 1 }) }\n Op::C if y => 2,\n";
    assert_eq!(catch_alls(&format!("{body} _ => 3 }}")), [(3, Some(4))]);
    assert_eq!(catch_alls(&format!("{body} other => g(other) }}")), [(3, Some(4))]);
    assert_eq!(catch_alls(&format!("{body} Op::C => 3 }}")), [(4, None)]);
    assert_eq!(catch_alls("match dtype { F32 => 1, _ => 2 }"), []);
}
