//! Which line of the program an error is put down to. A mistake that comes to
//! light inside of a layer of this crate was made by whoever called the layer.

use metamlp_tensor::Source;

use super::state::{Caller, ScopeId, State};

/// Whether a line is in this crate's sources.
pub(super) fn is_own(line: Caller) -> bool {
    let this = file!();
    let sources = this.get(..this.len() - "scope/blame.rs".len()).unwrap_or(this);
    line.file().starts_with(sources)
}

impl State {
    /// A line in the module at `scope`: the first that is not in this crate, going outwards.
    pub(super) fn source(&self, scope: ScopeId, location: Caller) -> Source {
        Source { path: Some(self.path(scope)), location: self.line(scope, location) }
    }

    /// The same for an error of a tensor that was made while the module of that path ran.
    pub(super) fn blame(&self, mut error: metamlp_tensor::Error) -> metamlp_tensor::Error {
        if let Some(source) = error.source_line_mut()
            && let Some(path) = &source.path
            && let Some(scope) = self.scope_at(path)
        {
            source.location = self.line(scope, source.location);
        }
        error
    }

    fn line(&self, scope: ScopeId, location: Caller) -> Caller {
        let mut line = location;
        let mut at = Some(scope);
        while let Some(scope) = at
            && is_own(line)
        {
            line = self.node(scope).called_at;
            at = self.node(scope).parent;
        }
        line
    }
}
