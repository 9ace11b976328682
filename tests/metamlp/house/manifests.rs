//! The manifests: every dependency is used, and the minimum Rust version is the
//! one that the pages state.

use super::sources::{Source, source, sources};
use super::tokens::{Kind, tokens};

/// Pages that state the minimum Rust version.
const PAGES: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// Dependencies whose name is nowhere in the code of their package.
pub(super) fn unused_dependencies() -> Vec<String> {
    let mut problems = Vec::new();
    let mut used = Vec::new();
    for manifest in manifests() {
        let folder = manifest.folder();
        let mut words: Vec<&str> = package(folder).flat_map(|source| code_words(&source.text)).collect();
        words.sort_unstable();
        for name in entries(manifest, "dependencies") {
            used.push(name);
            let word = name.replace('-', "_");
            if words.binary_search(&word.as_str()).is_err() {
                problems.push(format!("{}: nothing uses the dependency {name}", manifest.path));
            }
        }
    }
    for name in entries(source("Cargo.toml"), "workspace.dependencies") {
        if !used.contains(&name) {
            problems.push(format!("Cargo.toml: no crate uses the workspace dependency {name}"));
        }
    }
    problems
}

/// Pages that state another minimum version than `rust-version`.
pub(super) fn rust_versions() -> Vec<String> {
    let manifest = &source("Cargo.toml").text;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let version = version.expect("the workspace states a minimum Rust version").trim_matches('"');
    let stated = format!("Rust {version} or newer");
    let lacks = |page: &&&str| !source(page).text.contains(&stated);
    PAGES.iter().filter(lacks).map(|page| format!("{page} does not say \"{stated}\"")).collect()
}

fn manifests() -> impl Iterator<Item = &'static Source> {
    let is_manifest = |source: &&Source| source.path == "Cargo.toml" || source.path.ends_with("/Cargo.toml");
    sources().iter().filter(is_manifest)
}

/// The Rust files of the package in `folder`, without packages inside of it,
/// and files elsewhere that it includes by `#[path = ".."]`.
fn package(folder: &'static str) -> impl Iterator<Item = &'static Source> {
    let inside = |path: &str, folder: &str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    let others: Vec<&str> = manifests().map(Source::folder).filter(|other| *other != folder).collect();
    let belongs = move |source: &&Source| {
        let mut nested = others.iter().filter(|other| !other.is_empty() && inside(other, folder));
        source.is_rust() && inside(&source.path, folder) && !nested.any(|other| inside(&source.path, other))
    };
    let own: Vec<&Source> = sources().iter().filter(belongs).collect();
    let included: Vec<&str> = own.iter().flat_map(|source| included(&source.text)).collect();
    let is_included = move |source: &&Source| included.iter().any(|path| source.path.ends_with(path));
    own.into_iter().chain(sources().iter().filter(is_included))
}

/// The ends of the paths in `#[path = "../worker.rs"]`.
fn included(text: &'static str) -> Vec<&'static str> {
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("#[path = \"../"));
    paths.filter_map(|path| path.strip_suffix("\"]")).map(|path| path.trim_start_matches("../")).collect()
}

/// The words of code, tests included: a dependency may be a test's alone.
fn code_words(text: &str) -> Vec<&str> {
    tokens(text).iter().filter(|token| token.kind == Kind::Word).map(|token| token.text).collect()
}

/// The names in every table `[section]`, `[dev-section]` and the like.
fn entries(manifest: &'static Source, section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in manifest.text.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            is_inside =
                table == section || (!section.contains('.') && table.ends_with(&format!("-{section}")));
        } else if is_inside && !line.starts_with('#') {
            names.extend(line.split(['=', '.']).next().map(str::trim).filter(|name| !name.is_empty()));
        }
    }
    names
}
