//! Errors of arguments that are out of range, and tensors that carry errors.

use std::fmt::Display;

use metamlp_tensor::{DType, Error, F32, Tensor};

/// The error `op: name is found, expected ..` at the caller's line.
#[track_caller]
pub(crate) fn invalid(
    op: &'static str,
    name: &'static str,
    found: impl Display,
    expected: impl Into<String>,
) -> Error {
    Error::argument(op, name, found, expected)
}

/// A tensor of the shape and dtype of `x` that carries the error of `op`.
#[track_caller]
pub(crate) fn refused(
    x: &Tensor,
    op: &'static str,
    name: &'static str,
    found: impl Display,
    expected: impl Into<String>,
) -> Tensor {
    refuse(x, invalid(op, name, found, expected))
}

/// `x` itself if it carries an error already, else a tensor of its shape and
/// dtype that carries this error.
#[track_caller]
pub(crate) fn refuse(x: &Tensor, error: Error) -> Tensor {
    x.poisoned_like(error)
}

/// The tensor, or one of that shape and dtype that carries the error.
#[track_caller]
pub(crate) fn or_poison(made: Result<Tensor, Error>, shape: &[usize], dtype: DType) -> Tensor {
    made.unwrap_or_else(|error| Tensor::poison(error, shape, dtype))
}

/// A tensor that carries an error of this crate, where no shape can be guessed.
pub(crate) fn poisoned(error: impl Into<Error>) -> Tensor {
    Tensor::poison(error.into(), [], F32)
}
