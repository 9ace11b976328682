//! Picks the line that an error is reported at. An error found in a layer of
//! a crate of this workspace is reported at the line of the program that called the layer.

use metamlp_tensor::Source;

use super::tree::{Caller, ScopeId, Tree};

/// The crates that contain modules. Their folders are beside each other.
const CRATES: [&str; 2] = ["metamlp-core", "metamlp-ot"];

/// True if a line is in the sources of one of [`CRATES`].
pub(super) fn is_own(line: Caller) -> bool {
    let this = file!();
    let sources = this.strip_suffix("scope/blame.rs").expect("this file is `scope/blame.rs`");
    let Some((beside, rest)) = sources.rsplit_once(CRATES[0]) else {
        return line.file().starts_with(sources);
    };
    let Some(file) = line.file().strip_prefix(beside) else { return false };
    CRATES.iter().any(|name| file.strip_prefix(name).is_some_and(|file| file.starts_with(rest)))
}

/// The path of the module at `scope` and the innermost line outside of this crate.
pub(super) fn source(tree: &Tree, scope: ScopeId, location: Caller) -> Source {
    Source { path: Some(tree.path(scope).clone()), location: line(tree, scope, location) }
}

/// Moves the line of a tensor's error out of this crate, as [`source`] does.
pub(super) fn blame(tree: &Tree, mut error: metamlp_tensor::Error) -> metamlp_tensor::Error {
    if let Some(source) = error.source_line_mut()
        && let Some(path) = &source.path
        && let Some(scope) = tree.scope_at(path)
    {
        source.location = line(tree, scope, source.location);
    }
    error
}

fn line(tree: &Tree, scope: ScopeId, location: Caller) -> Caller {
    let mut line = location;
    let mut at = Some(scope);
    while let Some(scope) = at
        && is_own(line)
    {
        line = tree.called_at(scope);
        at = tree.parent(scope);
    }
    line
}
