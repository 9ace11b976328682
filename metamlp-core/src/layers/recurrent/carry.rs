//! The carry of dense cells: its first value, and the check of its shape.

use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, Error, Tensor};

use crate::argument::invalid;
use crate::initializers::initializer::Initializer;
use crate::layers::fields::check;

/// Checks the fields and inputs of one step of a dense cell.
#[track_caller]
pub(super) fn check_step(
    cell: &'static str,
    features: usize,
    (dtype, param_dtype): (Option<DType>, DType),
    h: &Tensor,
    x: &Tensor,
) -> Result<(), Error> {
    check::size(cell, "features", features)?;
    check::dtypes(cell, dtype, param_dtype)?;
    check::last_axis(cell, x)?;
    let expected = carry_shape(x.shape(), features);
    if h.shape() == expected {
        return Ok(());
    }
    let expected = format!("{expected:?}, for an input of shape {:?}", x.shape());
    Err(invalid(cell, "the carry's shape", format!("{:?}", h.shape()), expected))
}

/// The first carry, `[batch.., features]`.
#[track_caller]
pub(super) fn carry(
    init: &Initializer,
    key: Key,
    input_shape: &[usize],
    features: usize,
    dtype: DType,
) -> Tensor {
    init.initialize(key, &carry_shape(input_shape, features), dtype)
}

/// Two first carries, from two keys.
#[track_caller]
pub(super) fn pair_of_carries(
    init: &Initializer,
    key: &Key,
    input_shape: &[usize],
    features: usize,
    dtype: DType,
) -> (Tensor, Tensor) {
    // `fold_in` 0 and 1 gives the two keys of a split.
    let of = |half| carry(init, key.fold_in(half), input_shape, features, dtype);
    (of(0), of(1))
}

fn carry_shape(input_shape: &[usize], features: usize) -> Vec<usize> {
    let batch = &input_shape[..input_shape.len().saturating_sub(1)];
    [batch, &[features]].concat()
}
