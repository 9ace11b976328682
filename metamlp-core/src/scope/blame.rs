//! Picks the line that an error is reported at. An error found in a layer of
//! this crate is reported at the line of the program that called the layer.

use metamlp_tensor::Source;

use super::tree::{Caller, ScopeId, Tree};

/// True if a line is in this crate's sources.
pub(super) fn is_own(line: Caller) -> bool {
    let this = file!();
    let sources = this.strip_suffix("scope/blame.rs").expect("this file is `scope/blame.rs`");
    line.file().starts_with(sources)
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
