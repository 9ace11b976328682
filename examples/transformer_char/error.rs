//! What else can end this program early, each as one line that names the
//! thing, what was found and what was expected.

use std::path::PathBuf;

/// Why the program stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What can happen in any of the examples.
    #[error(transparent)]
    Experiment(#[from] metamlp_experiment::Error),

    /// Too little text to learn from.
    #[error("{} has {found} characters, expected {least} or more", path.display())]
    Short { path: PathBuf, found: usize, least: usize },

    /// A character that the model has no number for.
    #[error("{character:?} is not among the characters of {}", path.display())]
    Character { path: PathBuf, character: char },

    /// A model that was refused, or saved parameters that cannot be read or written.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation that failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),
}

/// What the parts of this program return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
