//! The errors of transport problems, their solvers and their initializers.

use std::fmt;
use std::panic::Location;

use metamlp_tensor::Source;

use crate::statistic::Statistic;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a problem was refused or could not be solved.
///
/// A [`Source`] gives the line of the program that called this crate.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor computation failed.
    #[error(transparent)]
    Tensor(metamlp_tensor::Error),

    /// A network could not be initialised or applied.
    #[error(transparent)]
    Module(#[from] metamlp_core::Error),

    /// A tensor has the wrong shape.
    #[error("{at}: {name} has shape {found:?}, expected {expected}")]
    Shape {
        /// The name of the tensor.
        name: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shapes that are accepted.
        expected: String,
        /// The line of the call.
        at: Source,
    },

    /// A tensor does not consist of `f32` or `f64`.
    #[error("{at}: {name} has dtype {found}, expected f32 or f64: convert it first")]
    NotFloat {
        /// The name of the tensor.
        name: &'static str,
        /// Its dtype.
        found: metamlp_tensor::DType,
        /// The line of the call.
        at: Source,
    },

    /// An element is out of range: NaN, infinite or, for a weight, negative.
    #[error("{at}: {name}{} is {value}, expected {expected}", At(index))]
    Value {
        /// The name of the tensor.
        name: &'static str,
        /// The index of the element.
        index: Vec<usize>,
        /// The element.
        value: f64,
        /// The values that are accepted.
        expected: &'static str,
        /// The line of the call.
        at: Source,
    },

    /// Weights do not sum to 1.
    #[error(
        "{at}: the weights {name}{} sum to {sum}, expected 1 to within {tolerance}: divide them by their sum",
        At(index)
    )]
    WeightsSum {
        /// The name of the weights.
        name: &'static str,
        /// The index in the batch; empty for a single problem.
        index: Vec<usize>,
        /// Their sum.
        sum: f64,
        /// The largest accepted difference from 1.
        tolerance: f64,
        /// The line of the call.
        at: Source,
    },

    /// The weights of a problem have different sums, so that no plan has both as its marginals.
    #[error(
        "{at}: the weights a{0} sum to {a} and the weights b{0} to {b}, expected equal sums to within {tolerance:.1e}: \
         divide each by its sum, or use `LinearProblem::normalized`",
        At(index)
    )]
    UnequalSums {
        /// The index in the batch; empty for a single problem.
        index: Vec<usize>,
        /// The sum of a.
        a: f64,
        /// The sum of b.
        b: f64,
        /// The largest accepted difference.
        tolerance: f64,
        /// The line of the call.
        at: Source,
    },

    /// A learned initializer was trained for another geometry than that of the problem.
    #[error(
        "{at}: the initializer was trained for {trained}, the problem is over {found}: train one for it, or allow it \
         with `MetaInitializerBuilder::any_geometry`"
    )]
    OtherGeometry {
        /// The geometry of the initializer.
        trained: String,
        /// The geometry of the problem.
        found: String,
        /// The line of the call.
        at: Source,
    },

    /// A setting is out of range.
    #[error("{at}: {setting} is {found}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: f64,
        /// The values that are accepted.
        expected: &'static str,
        /// The line of the call.
        at: Source,
    },

    /// An epsilon is relative to a statistic of the cost that is not positive.
    #[error(
        "{at}: epsilon is {factor} times the {statistic} of the cost, which is {found}: give epsilon as a number"
    )]
    RelativeEpsilon {
        /// The number that multiplies the statistic.
        factor: f64,
        /// The statistic.
        statistic: Statistic,
        /// Its value.
        found: f64,
        /// The line of the call.
        at: Source,
    },

    /// Two sets of points have different dimensions.
    #[error(
        "{at}: the points x have {x} coordinates and the points y have {y}: they must have the same number"
    )]
    Dimensions {
        /// The coordinates per point of x.
        x: usize,
        /// The coordinates per point of y.
        y: usize,
        /// The line of the call.
        at: Source,
    },

    /// A parameter does not fit the network.
    #[error("{at}: the parameter {path} is {found}, the network has {expected}")]
    Parameter {
        /// The path of the parameter.
        path: String,
        /// The type that was given.
        found: String,
        /// The type that the network has there.
        expected: String,
        /// The line of the call.
        at: Source,
    },

    /// The geometry has no such thing: a grid has no matrix, a cost matrix no points.
    #[error("{at}: a {geometry} has no {what}: {instead}")]
    Unsupported {
        /// The type of the geometry.
        geometry: &'static str,
        /// The thing that was asked for.
        what: &'static str,
        /// An alternative.
        instead: &'static str,
        /// The line of the call.
        at: Source,
    },
}

impl Error {
    /// Moves a line in this crate's sources to `caller`, the line of the program.
    pub(crate) fn outside(mut self, caller: &'static Location<'static>) -> Self {
        if let Some(at) = self.at_mut()
            && is_own(at.location)
        {
            at.location = caller;
        }
        self
    }

    fn at_mut(&mut self) -> Option<&mut Source> {
        match self {
            Self::Tensor(error) => error.source_line_mut(),
            Self::Module(_) => None,
            Self::Shape { at, .. }
            | Self::NotFloat { at, .. }
            | Self::Value { at, .. }
            | Self::WeightsSum { at, .. }
            | Self::UnequalSums { at, .. }
            | Self::OtherGeometry { at, .. }
            | Self::Setting { at, .. }
            | Self::RelativeEpsilon { at, .. }
            | Self::Dimensions { at, .. }
            | Self::Parameter { at, .. }
            | Self::Unsupported { at, .. } => Some(at),
        }
    }
}

/// True if a line is in this crate's sources.
fn is_own(line: &Location<'_>) -> bool {
    let this = file!();
    line.file().starts_with(this.strip_suffix("error.rs").expect("this file is `error.rs`"))
}

impl From<metamlp_tensor::Error> for Error {
    fn from(error: metamlp_tensor::Error) -> Self {
        if let metamlp_tensor::Error::Other(other) = &error
            && let Some(own) = other.downcast_ref::<Self>()
        {
            return own.clone();
        }
        Self::Tensor(error)
    }
}

impl From<Error> for metamlp_tensor::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(error) => error,
            other => Self::other(other),
        }
    }
}

/// Formats an index after a name; an empty index is omitted.
struct At<'a>(&'a [usize]);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{:?}", self.0) }
    }
}

/// The error of a setting out of range.
#[track_caller]
pub(crate) fn setting(setting: &'static str, found: impl Into<f64>, expected: &'static str) -> Error {
    Error::Setting { setting, found: found.into(), expected, at: Source::here() }
}
