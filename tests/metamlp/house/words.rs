//! Words that do not belong in code, comments and pages: names that say
//! nothing, phrases that are hard to read, paths of one machine.

use super::sources::{Source, sources};
use super::tokens::{Kind, comments, tokens};

/// This list, which holds the words.
const HERE: &str = "tests/metamlp/house/words.rs";

/// Names that do not say what lives in a file or module.
const EMPTY_NAMES: [&str; 4] = ["utils", "helpers", "misc", "common"];

/// Phrases that a reader has to decode, in comments and Markdown pages.
const RIDDLES: [&str; 18] = [
    "anyone",
    "at hand",
    "done with of",
    "in the place of",
    "is nobody's",
    "look on",
    "looks on",
    "nobody",
    "of which the",
    "rightly",
    "slip of the pen",
    "somebody",
    "tells of",
    "those that",
    "told to people",
    "what is of",
    "whoever",
    "whom",
];

/// Folders that are not held to [`RIDDLES`] yet.
const UNFINISHED: [&str; 0] = [];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 3] = ["/work/", "/root/", "/home/"];

/// Files, modules and items with an empty name, and `todo!`.
pub(super) fn empty_names() -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        let stem = source.path.rsplit(['/', '.']).nth(1).unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            problems.push(format!("{}: name the file after what it holds", source.path));
        }
        let tokens = tokens(&source.text);
        for pair in tokens.windows(2).filter(|pair| pair[0].kind == Kind::Word) {
            let [word, next] = [pair[0].text, pair[1].text];
            if matches!(word, "mod" | "fn" | "struct") && EMPTY_NAMES.contains(&next) {
                problems.push(format!("{}:{}: `{next}` says nothing", source.path, pair[1].line));
            }
            if word == "todo" && next == "!" {
                problems.push(format!("{}:{}: `todo!`", source.path, pair[0].line));
            }
        }
    }
    problems
}

/// Riddles in comments and pages.
pub(super) fn riddles() -> Vec<String> {
    let mut problems = Vec::new();
    let is_held = |source: &&Source| {
        let is_unfinished = UNFINISHED.iter().any(|folder| source.path.starts_with(folder));
        source.path != HERE && !is_unfinished
    };
    for source in sources().iter().filter(is_held) {
        for (line, text) in prose(source) {
            for riddle in RIDDLES.iter().filter(|riddle| contains(&text, riddle)) {
                problems.push(format!("{}:{line}: \"{riddle}\": say it plainly", source.path));
            }
        }
    }
    problems
}

/// Paths of one machine, anywhere.
pub(super) fn machine_paths() -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.path != HERE) {
        for (i, line) in source.text.lines().enumerate() {
            for path in MACHINE_PATHS.iter().filter(|path| has_path(line, path)) {
                problems.push(format!("{}:{}: the path {path} is one machine's", source.path, i + 1));
            }
        }
    }
    problems
}

/// The lines of prose in a file: a page whole, of code the comments.
fn prose(source: &Source) -> Vec<(usize, String)> {
    let lines = |first: usize, text: &str| -> Vec<_> {
        text.lines().enumerate().map(|(i, line)| (first + i, line.to_lowercase())).collect()
    };
    if source.is_rust() {
        return comments(&source.text).flat_map(|comment| lines(comment.line, comment.text)).collect();
    }
    if source.path.ends_with(".md") { lines(1, &source.text) } else { Vec::new() }
}

/// True if `text` has `phrase` with no letter before or after it.
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, _)| {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !is_letter(text[..start].chars().next_back())
            && !is_letter(text[start + phrase.len()..].chars().next())
    })
}

/// True if an absolute path starts with `path`; `docs/work/` is none.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-)}".contains(c))
    })
}

#[test]
fn a_phrase_is_whole_words() {
    assert!(contains("the buffer at hand.", "at hand"));
    assert!(!contains("that handle", "at hand"));
    assert!(has_path("see /work/x", "/work/") && !has_path("docs/work/x", "/work/"));
}
