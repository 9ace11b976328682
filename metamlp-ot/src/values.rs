//! Looking at the numbers that a problem is made of, and saying which one is
//! not what it should be.

use metamlp_tensor::{DType, Element, F64, Tensor};

use crate::error::{Error, Result};

/// Weights may sum to 1 but for this: what single precision loses over a
/// million atoms, and far less than a forgotten normalisation.
pub(crate) const TOLERANCE: f64 = 1e-3;

/// Whether transport is computed in that type: 16 bits are too few for it.
pub(crate) fn is_computed(dtype: DType) -> bool {
    dtype.is_float() && !dtype.is_half()
}

/// Checks that all of `weights`, `[.., n]`, are distributions over `n` atoms.
pub(crate) fn check_weights(name: &'static str, weights: &Tensor, n: usize) -> Result<()> {
    let shape = weights.shape();
    if !matches!(*shape, [last] | [1..=usize::MAX, last] if last == n) {
        let expected = format!("[{n}] or [batch, {n}]: a weight for each atom of the geometry");
        return Err(Error::Shape { name, found: shape.to_vec(), expected });
    }
    if !is_computed(weights.dtype()) {
        return Err(Error::NotFloat { name, found: weights.dtype() });
    }
    match weights.dtype() {
        DType::F64 => check_rows::<f64>(name, weights, n),
        _ => check_rows::<f32>(name, weights, n),
    }
}

/// The checks of every row, in one pass over the memory.
fn check_rows<T: Element + Into<f64>>(name: &'static str, weights: &Tensor, n: usize) -> Result<()> {
    let values = weights.view::<T>()?;
    for (row, values) in values.as_slice().unwrap_or_default().chunks_exact(n).enumerate() {
        let mut sum = 0.0;
        let mut is_weight = true;
        for &value in values {
            let value: f64 = value.into();
            sum += value;
            is_weight &= value >= 0.0;
        }
        if !is_weight {
            let expected = "a weight, at least 0";
            return Err(refused(name, weights, expected, |value| value.is_nan() || value < 0.0));
        }
        // Infinite weights have no finite sum.
        if (sum - 1.0).abs() > TOLERANCE {
            let index = if weights.rank() == 2 { vec![row] } else { Vec::new() };
            return Err(Error::WeightsSum { name, index, sum, tolerance: TOLERANCE });
        }
    }
    Ok(())
}

/// The error of a tensor with an element of which `wrong` is true.
pub(crate) fn refused(
    name: &'static str,
    tensor: &Tensor,
    expected: &'static str,
    wrong: impl Fn(f64) -> bool,
) -> Error {
    let values = match tensor.convert(F64).to_vec::<f64>() {
        Ok(values) => values,
        Err(error) => return error.into(),
    };
    let position = values.iter().position(|&value| wrong(value)).unwrap_or_default();
    let mut index = Vec::with_capacity(tensor.rank());
    let mut stride = values.len();
    for &extent in tensor.shape() {
        stride /= extent.max(1);
        index.push(position / stride.max(1) % extent.max(1));
    }
    let value = values.get(position).copied().unwrap_or_default();
    Error::Value { name, index, value, expected }
}
