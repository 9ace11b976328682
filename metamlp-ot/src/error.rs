//! Everything that can be wrong with a transport problem or with solving it.

use std::fmt;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a problem was refused or could not be solved.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor computation that does not fit together.
    #[error(transparent)]
    Tensor(#[from] metamlp_tensor::Error),

    /// A network that could not be initialised or applied.
    #[error(transparent)]
    Module(#[from] metamlp_core::Error),

    /// A tensor of another shape than is needed.
    #[error("{name} is of shape {found:?}, expected {expected}")]
    Shape {
        /// What was given.
        name: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shapes that would do.
        expected: String,
    },

    /// A tensor that is not made of floats.
    #[error("{name} is of {found}, expected f32 or f64: convert it first")]
    NotFloat {
        /// What was given.
        name: &'static str,
        /// Its dtype.
        found: metamlp_tensor::DType,
    },

    /// A number that cannot be where it is: NaN, infinite or, for a weight, negative.
    #[error("{name}{} is {value}, expected {expected}", At(index))]
    Value {
        /// The tensor.
        name: &'static str,
        /// The place in it.
        index: Vec<usize>,
        /// What is there.
        value: f64,
        /// What would do.
        expected: &'static str,
    },

    /// Weights that are not a distribution.
    #[error(
        "the weights {name}{} sum to {sum}, expected 1 to within {tolerance}: divide them by their sum",
        At(index)
    )]
    WeightsSum {
        /// Which weights.
        name: &'static str,
        /// The place in the batch; empty without one.
        index: Vec<usize>,
        /// Their sum.
        sum: f64,
        /// How far from 1 it may be.
        tolerance: f64,
    },

    /// A setting out of its range.
    #[error("{setting} is {found}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: f64,
        /// What would do.
        expected: &'static str,
    },

    /// An epsilon relative to the spread of a cost that has none.
    #[error(
        "epsilon is {factor} times the {statistic} of the cost, which is {found}: give epsilon as a number"
    )]
    RelativeEpsilon {
        /// The number that multiplies the statistic.
        factor: f64,
        /// Which statistic.
        statistic: crate::Statistic,
        /// Its value.
        found: f64,
    },

    /// Points of different dimensions.
    #[error("the points x have {x} coordinates each and the points y have {y}: they must lie in one space")]
    Dimensions {
        /// Coordinates of a point of x.
        x: usize,
        /// Coordinates of a point of y.
        y: usize,
    },

    /// A parameter that does not fit a network.
    #[error("the parameter {path} is {found}, the network has {expected}")]
    Parameter {
        /// Where it is.
        path: String,
        /// What was given.
        found: String,
        /// What the network has there.
        expected: String,
    },

    /// Something that the geometry does not have: a matrix of a grid, the
    /// points of a cost matrix.
    #[error("a {geometry} has no {what}: {instead}")]
    Unsupported {
        /// The geometry's kind.
        geometry: &'static str,
        /// What was asked for.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
}

impl From<Error> for metamlp_tensor::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(error) => error,
            other => Self::other(other),
        }
    }
}

/// An index as it stands behind a name: nothing, if there is only one place.
struct At<'a>(&'a [usize]);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{:?}", self.0) }
    }
}

/// A refused setting.
pub(crate) fn setting(setting: &'static str, found: impl Into<f64>, expected: &'static str) -> Error {
    Error::Setting { setting, found: found.into(), expected }
}
