//! The rules of the house, held by reading the sources: sizes, heads, cycles of
//! imports, tests of invariants, exhaustive matches, words, manifests. `CONTRIBUTING.md` lists them.

mod cycles;
mod invariants;
mod layout;
mod manifests;
mod modules;
mod op_matches;
mod sources;
mod tokens;
mod words;

/// Fails with all problems at once, one per line.
#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    none(&layout::long_files());
}

#[test]
fn every_file_says_what_it_holds() {
    none(&layout::missing_heads());
}

#[test]
fn no_folder_is_too_wide() {
    none(&layout::wide_folders());
}

#[test]
fn only_the_listed_cycles_of_imports_exist() {
    none(&cycles::unexpected_cycles());
}

#[test]
fn every_invariant_has_its_test() {
    none(&invariants::missing_tests());
}

#[test]
fn interpretations_name_every_operation() {
    none(&op_matches::catch_all_arms());
}

#[test]
fn names_say_something() {
    none(&words::empty_names());
}

#[test]
fn prose_is_plain() {
    none(&words::riddles());
}

#[test]
fn no_path_is_one_machines() {
    none(&words::machine_paths());
}

#[test]
fn every_dependency_is_used() {
    none(&manifests::unused_dependencies());
}

#[test]
fn the_minimum_rust_version_is_stated_once_and_the_same() {
    none(&manifests::rust_versions());
}
