//! Checks of the numbers in a problem; an error names the first wrong element.

use metamlp_tensor::{DType, Element, F64, Source, Tensor};

use crate::error::{Error, Result};

/// How far the sum of weights may be from 1. Single precision loses less over a
/// million atoms, and a missing normalisation is far off.
pub(crate) const TOLERANCE: f64 = 1e-3;

/// True for the dtypes that transport is computed in: `f32` and `f64`. 16 bits are too few.
pub(crate) fn is_computed(dtype: DType) -> bool {
    dtype.is_float() && !dtype.is_half()
}

/// Checks that `weights`, `[n]` or `[batch, n]`, are distributions over `n` atoms. Returns the sum of each.
pub(crate) fn check_weights(name: &'static str, weights: &Tensor, n: usize) -> Result<Vec<f64>> {
    let shape = weights.shape();
    if !matches!(*shape, [last] | [1..=usize::MAX, last] if last == n) {
        let expected = format!("[{n}] or [batch, {n}], one weight for each atom of the geometry");
        return Err(Error::Shape { name, found: shape.to_vec(), expected, at: Source::here() });
    }
    if !is_computed(weights.dtype()) {
        return Err(Error::NotFloat { name, found: weights.dtype(), at: Source::here() });
    }
    match weights.dtype() {
        DType::F64 => check_rows::<f64>(name, weights, n),
        _ => check_rows::<f32>(name, weights, n),
    }
}

/// Checks every row in one pass over the memory.
fn check_rows<T: Element + Into<f64>>(name: &'static str, weights: &Tensor, n: usize) -> Result<Vec<f64>> {
    let values = weights.view::<T>()?;
    let values = values.as_slice().expect("the elements of a tensor are contiguous");
    let mut sums = Vec::with_capacity(values.len() / n);
    for (row, values) in values.chunks_exact(n).enumerate() {
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
        // This refuses infinite weights, too.
        if (sum - 1.0).abs() > TOLERANCE {
            let index = if weights.rank() == 2 { vec![row] } else { Vec::new() };
            return Err(Error::WeightsSum { name, index, sum, tolerance: TOLERANCE, at: Source::here() });
        }
        sums.push(sum);
    }
    Ok(sums)
}

/// The most that rounding to `dtype` changes the sum of weights that sum to 1.
fn rounding(dtype: DType, atoms: usize) -> f64 {
    let epsilon = if dtype == F64 { f64::EPSILON } else { f32::EPSILON.into() };
    // A few operations on each weight, and no more than a tenth of the default threshold.
    (epsilon * atoms.max(64) as f64).min(1e-4)
}

/// Checks that the sums of `a` and of `b` differ by no more than rounding. A batch of one side has one sum for all.
pub(crate) fn check_sums(a: &[f64], b: &[f64], dtype: DType, atoms: usize) -> Result<()> {
    let tolerance = rounding(dtype, atoms);
    for row in 0..a.len().max(b.len()) {
        let at = |sums: &[f64]| if sums.len() == 1 { sums[0] } else { sums[row] };
        let (sum_a, sum_b) = (at(a), at(b));
        if (sum_a - sum_b).abs() > tolerance {
            let index = if a.len().max(b.len()) > 1 { vec![row] } else { Vec::new() };
            return Err(Error::UnequalSums { index, a: sum_a, b: sum_b, tolerance, at: Source::here() });
        }
    }
    Ok(())
}

/// The error for the first element of `tensor` for which `wrong` is true; there is one.
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
    let position = values.iter().position(|&value| wrong(value)).expect("a check found such an element");
    let mut index = Vec::with_capacity(tensor.rank());
    let mut stride = values.len();
    for &extent in tensor.shape() {
        stride /= extent;
        index.push(position / stride % extent);
    }
    Error::Value { name, index, value: values[position], expected, at: Source::here() }
}
