//! The tests that `ARCHITECTURE.md` names for the invariants exist.

use super::sources::{source, sources};

/// The part of `ARCHITECTURE.md` that names the test of each invariant.
const HEADING: &str = "## Invariants";

/// Tests of invariants that do not exist.
pub(super) fn missing_tests() -> Vec<String> {
    let (_, section) =
        source("ARCHITECTURE.md").text.split_once(HEADING).expect("a page lists the invariants");
    let section = section.split("\n## ").next().expect("a split has a first part");
    let paths =
        section.split('`').skip(1).step_by(2).filter(|text| text.contains('/')).flat_map(alternatives);
    let is_missing = |path: &String| !exists(path);
    paths
        .filter(is_missing)
        .map(|path| format!("ARCHITECTURE.md names {path}, which does not exist"))
        .collect()
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let parts = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (choices, after))) = parts else { return vec![path.to_owned()] };
    choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
}

fn exists(path: &str) -> bool {
    let folder = format!("{path}/");
    sources().iter().any(|source| source.path == path || source.path.starts_with(&folder))
}

#[test]
fn a_path_may_have_alternatives() {
    assert_eq!(alternatives("a/{b,c}.rs"), ["a/b.rs", "a/c.rs"]);
    assert_eq!(alternatives("tests/ui"), ["tests/ui"]);
    assert!(exists("tests/ui") && !exists("tests/u"));
}
