//! Arguments out of range: the error that names one, and a tensor that carries it.

use std::fmt::Display;

use metamlp_tensor::{DType, Error, Source, Tensor};

/// `op: name is found, expected ..`, at the caller's line.
#[track_caller]
pub(crate) fn invalid(
    op: &'static str,
    name: &'static str,
    found: impl Display,
    expected: impl Into<String>,
) -> Error {
    let (found, expected) = (found.to_string(), expected.into());
    Error::Argument { op, argument: name, found, expected, source_line: Source::here() }
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
    Tensor::poison(invalid(op, name, found, expected), x.shape(), x.dtype())
}

/// A tensor of that type, or one that carries the error.
#[track_caller]
pub(crate) fn or_poison(made: Result<Tensor, Error>, shape: &[usize], dtype: DType) -> Tensor {
    made.unwrap_or_else(|error| Tensor::poison(error, shape, dtype))
}
