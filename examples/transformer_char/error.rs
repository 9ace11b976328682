//! The errors of this program beyond the shared ones; a message is one line that
//! names the thing, what was found and what was expected.

use std::path::PathBuf;

/// The error that ends the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An error that every example can have.
    #[error(transparent)]
    Experiment(#[from] metamlp_experiment::Error),

    /// The text is too short.
    #[error("{} has {found} characters, expected {least} or more", path.display())]
    Short { path: PathBuf, found: usize, least: usize },

    /// A character does not occur in the text, so it has no id.
    #[error("{character:?} is not among the characters of {}", path.display())]
    Character { path: PathBuf, character: char },

    /// A model was refused, or saved parameters cannot be read or written.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),
}

/// The result type of this program.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
