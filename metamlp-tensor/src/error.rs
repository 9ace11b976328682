//! The errors of tensor computations.

use std::sync::Arc;

use crate::dtype::DType;
use crate::graph::source::Source;
use crate::shape::{Shape, Type};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a tensor has no value. A poisoned tensor passes a clone on to all tensors computed from it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes do not fit the operation.
    #[error("{source_line}: {op} cannot take {}: {problem}", Operands(operands))]
    Shape {
        /// The operation's name.
        op: &'static str,
        /// The operands' types.
        operands: Vec<Type>,
        /// The rule that the shapes break.
        problem: String,
        /// The line that called the operation.
        source_line: Source,
    },
    /// Operands of a dtype for which the operation is not defined.
    #[error("{source_line}: {op} cannot take {}: it needs {expected}", Operands(operands))]
    DType {
        /// The operation's name.
        op: &'static str,
        /// The operands' types.
        operands: Vec<Type>,
        /// The dtypes that the operation takes.
        expected: &'static str,
        /// The line that called the operation.
        source_line: Source,
    },
    /// An argument with a value that the operation does not take.
    #[error("{source_line}: {op}: {argument} is {found}, expected {expected}")]
    Argument {
        /// The operation's name.
        op: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// Its value.
        found: String,
        /// The values that it takes.
        expected: String,
        /// The line that called the operation.
        source_line: Source,
    },
    /// Reading a tensor that has a shape and no value.
    #[error(
        "{source_line}: {}, {ty}, has a shape but no value: compute with it here and read the result outside",
        Origin(argument.as_deref(), made)
    )]
    NoValue {
        /// The type of the tensor without a value that is read, or that the read tensor depends on.
        ty: Type,
        /// Its description, if it is an argument of a function under a transformation; otherwise it is a
        /// [`spec`](crate::Tensor::spec).
        argument: Option<Arc<str>>,
        /// The line that made it.
        made: Source,
        /// The line that reads.
        source_line: Source,
    },
    /// Reading a tensor as another element type than its own.
    #[error("{source_line}: cannot read {ty} as elements of type {asked}: convert the tensor first")]
    ElementType {
        /// The requested element type.
        asked: DType,
        /// The tensor's type.
        ty: Type,
        /// The line that reads it.
        source_line: Source,
    },
    /// Memory that the system does not have, for a result or on the way to it.
    #[error("{source_line}: {op} needs {bytes} bytes of memory, which the system does not have")]
    OutOfMemory {
        /// The name of the operation, or of the first one that its kernel computes.
        op: &'static str,
        /// The bytes that were asked in the request that failed.
        bytes: usize,
        /// The line that made the tensor, or called the function that is computed.
        source_line: Source,
    },
    /// A loss that is not a single float.
    #[error(
        "{source_line}: a gradient needs a function that returns one float, it returned {ty}: \
         reduce the result, for example with mean_all"
    )]
    NotAScalar {
        /// The type of the function's result.
        ty: Type,
        /// The line that called the differentiation.
        source_line: Source,
    },
    /// Two trees that must have equal structures, such as gradients and parameters.
    #[error("{source_line}: {what} do not match: {problem}")]
    TreeMismatch {
        /// The trees that are compared.
        what: &'static str,
        /// The first difference.
        problem: String,
        /// The line that combines them.
        source_line: Source,
    },
    /// An error of a crate that uses this one, carried by a tensor.
    #[error("{0}")]
    Other(Arc<dyn std::error::Error + Send + Sync>),
}

// The wrapped error is shared and never changes, so a panic cannot leave it half written.
impl std::panic::UnwindSafe for Error {}
impl std::panic::RefUnwindSafe for Error {}

impl Error {
    /// Wraps an error of a crate that uses this one, so that a tensor can carry it.
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

    /// The line and module path that the error names, for a crate that knows a better one. `None` for [`Error::Other`].
    pub fn source_line_mut(&mut self) -> Option<&mut Source> {
        match self {
            Self::Shape { source_line, .. }
            | Self::DType { source_line, .. }
            | Self::Argument { source_line, .. }
            | Self::NoValue { source_line, .. }
            | Self::ElementType { source_line, .. }
            | Self::OutOfMemory { source_line, .. }
            | Self::NotAScalar { source_line, .. }
            | Self::TreeMismatch { source_line, .. } => Some(source_line),
            Self::Other(_) => None,
        }
    }
}

/// A tensor without a value in an error message: a described argument, or a `spec` and its line.
struct Origin<'a>(Option<&'a str>, &'a Source);

impl std::fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(Some(argument), _) => f.write_str(argument),
            Self(None, made) => write!(
                f,
                "the tensor made by Tensor::spec at {}:{}",
                made.location.file(),
                made.location.line()
            ),
        }
    }
}

/// A list of types in an error message: `f32[2, 3] and f32[4]`.
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

/// An error of a shape rule. The tensor that applies the rule adds the line and the operands.
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

/// An [`Error::Argument`].
pub(crate) fn argument(
    op: &'static str,
    argument: &'static str,
    found: impl std::fmt::Display,
    expected: impl Into<String>,
    source_line: Source,
) -> Error {
    Error::Argument { op, argument, found: found.to_string(), expected: expected.into(), source_line }
}

/// The shape of a poisoned result: that of the operand with the most axes.
pub(crate) fn best_guess(operands: &[Type]) -> Shape {
    operands.iter().max_by_key(|ty| ty.shape.len()).map(|ty| ty.shape.clone()).unwrap_or_default()
}
