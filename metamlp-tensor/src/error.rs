//! Everything that can be wrong with a tensor computation.

use std::sync::Arc;

use crate::dtype::DType;
use crate::graph::source::Source;
use crate::shape::{Shape, Type};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a tensor has no value. Cheap to clone: a poisoned tensor hands the
/// same error to everything computed from it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes do not go together.
    #[error("{source_line}: {op} cannot take {}: {problem}", Operands(operands))]
    Shape {
        /// The operation's name.
        op: &'static str,
        /// The operands' types.
        operands: Vec<Type>,
        /// What does not fit, and what would.
        problem: String,
        /// Where it was asked for.
        source_line: Source,
    },
    /// Operands of a dtype that the operation is not defined for.
    #[error("{source_line}: {op} cannot take {}: it needs {expected}", Operands(operands))]
    DType {
        /// The operation's name.
        op: &'static str,
        /// The operands' types.
        operands: Vec<Type>,
        /// The dtypes that would do.
        expected: &'static str,
        /// Where it was asked for.
        source_line: Source,
    },
    /// An argument that is not a tensor and is out of range.
    #[error("{source_line}: {op}: {argument} is {found}, expected {expected}")]
    Argument {
        /// The operation's name.
        op: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: String,
        /// Where it was asked for.
        source_line: Source,
    },
    /// The value of a tensor was asked for that only has a shape.
    #[error(
        "{source_line}: this {ty} has a shape but no value: it was made by Tensor::spec, \
         or is an argument of a function under jit; compute with it, but read it outside"
    )]
    NoValue {
        /// The tensor's type.
        ty: Type,
        /// Where the tensor was made.
        source_line: Source,
    },
    /// A value was asked for as another element type than it has.
    #[error("{source_line}: asked for elements of type {asked}, the tensor is {ty}: convert it first")]
    ElementType {
        /// The type that was asked for.
        asked: DType,
        /// The tensor's type.
        ty: Type,
        /// Where it was asked for.
        source_line: Source,
    },
    /// A loss that is not one number.
    #[error(
        "{source_line}: a gradient is of one float, the function returned {ty}: reduce it, by mean_all for instance"
    )]
    NotAScalar {
        /// The type of what the function returned.
        ty: Type,
        /// Where the gradient was asked for.
        source_line: Source,
    },
    /// Two trees that should have the same tensors in the same places.
    #[error("{source_line}: {what} do not match: {problem}")]
    TreeMismatch {
        /// Which trees.
        what: &'static str,
        /// The first difference.
        problem: String,
        /// Where they met.
        source_line: Source,
    },
    /// The error of a crate above this one, carried by a tensor.
    #[error("{0}")]
    Other(Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of a crate above this one, so that a tensor can carry it.
    pub fn other(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Other(Arc::new(error))
    }

    /// The error of an argument of `op` that is out of range, at the caller's line:
    /// "`op`: `argument` is `found`, expected `expected`".
    #[track_caller]
    pub fn argument(
        op: &'static str,
        argument: &'static str,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        self::argument(op, argument, found, expected, Source::here())
    }

    /// The same error, reported at `source`: the line of a caller further up.
    #[must_use]
    pub fn at(mut self, source: &Source) -> Self {
        if let Some(source_line) = self.source_line_mut() {
            source_line.clone_from(source);
        }
        self
    }

    /// Where it happened, for the crate above that knows who called the function that failed.
    pub fn source_line_mut(&mut self) -> Option<&mut Source> {
        match self {
            Self::Shape { source_line, .. }
            | Self::DType { source_line, .. }
            | Self::Argument { source_line, .. }
            | Self::NoValue { source_line, .. }
            | Self::ElementType { source_line, .. }
            | Self::NotAScalar { source_line, .. }
            | Self::TreeMismatch { source_line, .. } => Some(source_line),
            Self::Other(_) => None,
        }
    }
}

/// Types as an error names them: `f32[2, 3] and f32[4]`.
struct Operands<'a>(&'a [Type]);

impl std::fmt::Display for Operands<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no operands");
        }
        for (i, ty) in self.0.iter().enumerate() {
            let separator = match i {
                0 => "",
                _ if i + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}{ty}")?;
        }
        Ok(())
    }
}

/// What the shape rules say; the tensor that asked adds the line and operands.
#[derive(Debug)]
pub(crate) enum Problem {
    Shape(String),
    DType(&'static str),
}

impl Problem {
    pub(crate) fn at(self, op: &'static str, operands: Vec<Type>, source_line: Source) -> Error {
        match self {
            Self::Shape(problem) => Error::Shape { op, operands, problem, source_line },
            Self::DType(expected) => Error::DType { op, operands, expected, source_line },
        }
    }
}

pub(crate) fn argument(
    op: &'static str,
    argument: &'static str,
    found: impl std::fmt::Display,
    expected: impl Into<String>,
    source_line: Source,
) -> Error {
    Error::Argument { op, argument, found: found.to_string(), expected: expected.into(), source_line }
}

/// The shape that a reshape of a poisoned or mismatched tensor falls back to.
pub(crate) fn best_guess(operands: &[Type]) -> Shape {
    operands.iter().max_by_key(|ty| ty.shape.len()).map(|ty| ty.shape.clone()).unwrap_or_default()
}
