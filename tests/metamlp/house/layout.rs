//! Sizes, heads and folders: a file is one noun and says at its head which.

use std::collections::BTreeMap;

use super::sources::{Source, sources};

const MOST_LINES: usize = 450;
const MOST_FILES: usize = 16;

/// Longer files, each with its reason.
const LONG: [(&str, &str); 3] = [
    ("metamlp-core/tests/core/linen/fields.rs", "Flax's cases of one topic"),
    ("metamlp-optim/tests/optim/losses.rs", "one case per loss"),
    ("metamlp-tensor/src/graph/infer.rs", "one exhaustive match over `Op`"),
];

/// Folders of many files of one kind, each with its reason.
const WIDE: [(&str, &str); 4] = [
    ("metamlp-optim/src/optimizers", "one file per optimizer"),
    ("metamlp-optim/src/transforms/scaling", "one file per gradient transformation"),
    ("metamlp-core/tests/core", "one file per topic"),
    ("tests/ui", "one file per message of the macros"),
];

/// Rust files that tests read: inputs of the macros and what they expand to.
const DATA: [&str; 2] = ["tests/ui/", "metamlp-macros/src/expand/snapshots/"];

/// Files over [`MOST_LINES`], and entries of [`LONG`] that are not needed.
pub(super) fn long_files() -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        let lines = source.text.lines().count();
        let is_listed = LONG.iter().any(|(path, _)| *path == source.path);
        if lines > MOST_LINES && !is_listed {
            problems.push(format!("{} has {lines} lines, at most {MOST_LINES}: split it", source.path));
        }
        if lines <= MOST_LINES && is_listed {
            problems.push(format!("{} has {lines} lines: remove it from LONG", source.path));
        }
    }
    problems.extend(unknown(&LONG, |path, source| source.path == path));
    problems
}

/// Files that do not start with a `//!` line.
pub(super) fn missing_heads() -> Vec<String> {
    let headless = |source: &&Source| {
        let is_head = |line: &str| line.starts_with("//!");
        let code = source.text.lines().find(|line| !line.trim().is_empty());
        let is_data = DATA.iter().any(|folder| source.path.starts_with(folder));
        source.is_rust() && !is_data && !code.is_some_and(is_head)
    };
    let say = |source: &Source| format!("{} does not say in a `//!` head what it holds", source.path);
    sources().iter().filter(headless).map(say).collect()
}

/// Folders with more than [`MOST_FILES`] Rust files.
pub(super) fn wide_folders() -> Vec<String> {
    let mut folders = BTreeMap::<&str, usize>::new();
    for source in sources().iter().filter(|source| source.is_rust()) {
        *folders.entry(source.folder()).or_default() += 1;
    }
    let mut problems = Vec::new();
    for (folder, files) in folders {
        let is_listed = WIDE.iter().any(|(path, _)| *path == folder);
        if files > MOST_FILES && !is_listed {
            problems.push(format!("{folder} has {files} files, at most {MOST_FILES}: make rooms"));
        }
        if files <= MOST_FILES && is_listed {
            problems.push(format!("{folder} has {files} files: remove it from WIDE"));
        }
    }
    problems.extend(unknown(&WIDE, |path, source| source.folder() == path));
    problems
}

/// Entries of a list that name nothing.
fn unknown(list: &[(&str, &str)], names: impl Fn(&str, &Source) -> bool) -> Vec<String> {
    let is_unknown = |path: &&str| !sources().iter().any(|source| names(path, source));
    let paths = list.iter().map(|(path, _)| *path);
    paths.filter(is_unknown).map(|path| format!("{path} is listed and does not exist")).collect()
}
