//! The list of public functions, read from the sources: each is called by the hunt or named here with the reason why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::calls;

/// Functions that the hunt calls for arguments or on results, outside of its tables.
const CALLED_ELSEWHERE: &[&str] = &[
    // For arguments.
    "base_dilation",
    "bitcast_convert",
    "feature_group_count",
    "lhs_dilation",
    "padding",
    "rhs_dilation",
    "strides",
    "window_dilation",
    "window_strides",
    // On results.
    "dtype",
    "error",
    "evaluate",
    "grad",
    "is_concrete",
    "item",
    "jit",
    "kernels",
    "of",
    "of_vjp",
    "output_bytes",
    "input_bytes",
    "panel_bytes",
    "peak_bytes",
    "shape",
    "size",
    "to_array",
    "to_tensor",
    "to_vec",
    "ty",
    "value_and_grad",
    "value_and_grad_with_aux",
    "view",
    // Without arguments that could be odd.
    "new",
];

/// Functions that take no part, with the reason.
const NOT_CALLED: &[(&str, &[&str])] = &[
    (
        "they are not documented: for tests and for the other crates",
        &[
            "at",
            "cached_plans",
            "compile_work",
            "compiled_plans",
            "deferred",
            "executed_nodes",
            "executed_plans",
            "poisoned_like",
            "runs",
            "with_caller",
            "with_path",
        ],
    ),
    ("they have no arguments that could be odd", &["block", "here", "is_half", "is_integer"]),
    ("they make errors or change them", &["argument", "other", "source_line_mut"]),
    ("a visitor of trees calls them, and every call visits trees", &["part", "segments", "static_value"]),
];

#[test]
fn every_public_function_is_called() {
    let mut names = BTreeSet::new();
    for file in sources() {
        names.extend(public_functions(&fs::read_to_string(file).unwrap()));
    }
    assert!(names.len() > 150, "the sources have more functions than {names:?}");
    let mut called: BTreeSet<String> =
        (0..calls::count()).map(|number| calls::name(number).to_owned()).collect();
    called.extend(CALLED_ELSEWHERE.iter().map(|&name| name.to_owned()));
    let excused: BTreeSet<&str> = NOT_CALLED.iter().flat_map(|(_, names)| *names).copied().collect();
    let forgotten: Vec<_> =
        names.iter().filter(|name| !called.contains(*name) && !excused.contains(&name[..])).collect();
    assert!(forgotten.is_empty(), "add these functions to the hunt, or to NOT_CALLED: {forgotten:?}");
    let gone: Vec<_> = called
        .iter()
        .map(String::as_str)
        .chain(excused.iter().copied())
        .filter(|name| !names.contains(*name))
        .collect();
    assert!(gone.is_empty(), "these functions of the lists do not exist: {gone:?}");
    let twice: Vec<_> = excused.iter().filter(|name| called.contains(**name)).collect();
    assert!(twice.is_empty(), "these functions are called and excused: {twice:?}");
}

#[test]
fn what_is_called_elsewhere_is_called() {
    let sources = [include_str!("mod.rs"), include_str!("choices.rs"), include_str!("calls.rs")].concat();
    for name in CALLED_ELSEWHERE {
        let is_called = [format!("{name}("), format!("{name}::<")].iter().any(|call| sources.contains(call));
        assert!(is_called, "the hunt does not call `{name}`");
    }
}

/// The files of the crate whose functions are public. What is `pub` in them is visible to users: the lint
/// `unreachable_pub` sees to it.
fn sources() -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Hidden functions of numbers.
                folders.extend((!path.ends_with("src/math")).then_some(path));
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// The names after `pub fn`, and the names that the macros of functions are given.
fn public_functions(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in source.lines() {
        let line = line.trim();
        let name = |text: &str| -> String {
            text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        if let Some(rest) = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn ")) {
            names.push(name(rest));
        } else if is_entry(line, source) {
            names.push(name(line));
        } else if line.ends_with(';') && line.contains("_keepdims, ") {
            names.extend(line.trim_end_matches(';').split(", ").map(str::to_owned));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// True for `name => Op;` in a table of functions.
fn is_entry(line: &str, source: &str) -> bool {
    source.contains("pub fn $name")
        && line.ends_with(';')
        && line.contains(" => ")
        && line.starts_with(|c: char| c.is_ascii_lowercase())
        && !line.contains('(')
}
