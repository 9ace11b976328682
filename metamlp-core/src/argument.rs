//! Arguments out of range: the error that names one, and a tensor that carries it.

use std::fmt::Display;

use metamlp_tensor::{DType, Error, Tensor};

/// `op: name is found, expected ..`, at the caller's line.
#[track_caller]
pub(crate) fn invalid(
    op: &'static str,
    name: &'static str,
    found: impl Display,
    expected: impl Into<String>,
) -> Error {
    Error::argument(op, name, found, expected)
}

/// A tensor of the type of `x`, which `op` cannot take.
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

/// What an op gives for `x`, which it cannot take: `x` itself, if that carries
/// an error already, or a tensor of its type that carries this one.
#[track_caller]
pub(crate) fn refuse(x: &Tensor, error: Error) -> Tensor {
    x.poisoned_like(error)
}

/// A tensor of that type, or one that carries the error.
#[track_caller]
pub(crate) fn or_poison(made: Result<Tensor, Error>, shape: &[usize], dtype: DType) -> Tensor {
    made.unwrap_or_else(|error| Tensor::poison(error, shape, dtype))
}
