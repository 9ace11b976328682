//! What else can end this program early, each as one line that names the
//! thing, what was found and what was expected.

use std::path::PathBuf;

/// Why the program stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What can happen in any of the examples.
    #[error(transparent)]
    Experiment(#[from] metamlp_experiment::Error),

    /// An image without mass has no place in a transport problem.
    #[error("{}: image {index} (counted from 0) is all zeros, expected some mass to transport", path.display())]
    EmptyImage { path: PathBuf, index: usize },

    /// A NaN or an infinity among the weights.
    #[error("{}: {name} holds a NaN or an infinity, expected finite numbers", path.display())]
    WeightNotFinite { path: PathBuf, name: String },

    /// Weights that cannot be read or written, or are of another network.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation that failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),

    /// A transport problem that was refused or not solved.
    #[error(transparent)]
    Transport(#[from] metamlp::ot::Error),
}

/// What the parts of this program return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
