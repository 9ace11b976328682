//! The errors of this program beyond the shared ones; a message is one line that
//! names the thing, what was found and what was expected.

use std::path::PathBuf;

/// The error that ends the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An error that every example can have.
    #[error(transparent)]
    Experiment(#[from] metamlp_experiment::Error),

    /// An image has no mass, so it is not a distribution.
    #[error("{}: image {index} (counted from 0) is all zeros, expected some mass to transport", path.display())]
    EmptyImage { path: PathBuf, index: usize },

    /// A weight is NaN or infinite.
    #[error("{}: {name} holds a NaN or an infinity, expected finite numbers", path.display())]
    WeightNotFinite { path: PathBuf, name: String },

    /// Weights cannot be read or written, or do not fit the network.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),

    /// A transport problem was refused or not solved.
    #[error(transparent)]
    Transport(#[from] metamlp::ot::Error),
}

/// The result type of this program.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
