//! Orthogonal initializers.

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{DType, Error, F64, Tensor};
use nalgebra::DMatrix;

use super::{Initializer, finite, float};
use crate::argument::{invalid, or_poison};

/// A matrix with orthonormal columns, or rows if there are fewer, times `scale` (JAX's default: 1).
/// `column_axis` (JAX's default: -1) is the axis of the columns; all other axes together are the rows.
///
/// The values are JAX's up to rounding: the QR factorization of a random normal matrix is computed in
/// `f64` immediately, so the key must have a value. With a traced key, under `jit`, the tensor is
/// poisoned; initialize outside.
///
/// Also poisoned: fewer than two axes, a `column_axis` out of range, a scale that is not finite, a
/// dtype that is not a float.
///
/// Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
/// linear neural networks" (2014).
///
/// ```
/// use metamlp::{F32, Key, Tensor, initializers::orthogonal};
/// let q = orthogonal(1.0, -1).initialize(Key::new(42), &[5, 3], F32);
/// let error = q.t().matmul(&q) - Tensor::eye(3, F32);
/// assert!(error.abs().max_all().item::<f32>()? < 1e-6);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[must_use]
pub fn orthogonal(scale: f64, column_axis: isize) -> Initializer {
    let name = format!("orthogonal({scale}, {column_axis})");
    Initializer::built_in(name, move |key, shape, dtype| {
        or_poison(rotation("orthogonal", &key, shape, dtype, scale, column_axis), shape, dtype)
    })
}

/// A convolution kernel that applies an [`orthogonal`] matrix at each position (JAX's
/// `delta_orthogonal`): zeros except at the center of the window. The shape is `[.., inputs, outputs]`
/// with one to three window axes, and at most as many inputs as outputs.
///
/// `scale`, `column_axis` (of the last two axes, as a matrix), limits and errors are those of
/// [`orthogonal`].
///
/// Xiao et al., "Dynamical isometry and a mean field theory of CNNs" (2018).
#[must_use]
pub fn delta_orthogonal(scale: f64, column_axis: isize) -> Initializer {
    let name = format!("delta_orthogonal({scale}, {column_axis})");
    Initializer::built_in(name, move |key, shape, dtype| {
        or_poison(delta(&key, shape, dtype, scale, column_axis), shape, dtype)
    })
}

fn delta(key: &Key, shape: &[usize], dtype: DType, scale: f64, column_axis: isize) -> Result<Tensor, Error> {
    let op = "delta_orthogonal";
    let found = format!("{shape:?}");
    let ([window @ .., inputs, outputs], 3..=5) = (shape, shape.len()) else {
        return Err(invalid(op, "shape", found, "one to three axes of a window, inputs and outputs"));
    };
    if inputs > outputs {
        return Err(invalid(op, "shape", found, "no more inputs than outputs (the last two axes)"));
    }
    if shape.contains(&0) {
        return Ok(Tensor::zeros(shape, dtype));
    }
    let middle = rotation(op, key, &[*inputs, *outputs], dtype, scale, column_axis)?;
    let low: Vec<usize> = window.iter().map(|extent| (extent - 1) / 2).chain([0, 0]).collect();
    let high: Vec<usize> = window.iter().map(|extent| extent / 2).chain([0, 0]).collect();
    let ones: Vec<usize> = window.iter().map(|_| 1).chain([*inputs, *outputs]).collect();
    Ok(middle.reshape(ones).pad(low, high, 0))
}

/// The value of [`orthogonal`].
fn rotation(
    op: &'static str,
    key: &Key,
    shape: &[usize],
    dtype: DType,
    scale: f64,
    column_axis: isize,
) -> Result<Tensor, Error> {
    float(op, dtype)?;
    let scale = finite(op, "scale", scale)?;
    let rank = shape.len();
    if rank < 2 {
        return Err(invalid(op, "shape", format!("{shape:?}"), "at least two axes"));
    }
    let from_start = if column_axis < 0 { column_axis + rank.cast_signed() } else { column_axis };
    let Some(axis) = usize::try_from(from_start).ok().filter(|axis| *axis < rank) else {
        return Err(invalid(op, "column_axis", column_axis, format!("an axis of {shape:?}")));
    };
    if let Some(error) = Tensor::spec(shape, F64).error() {
        // The product of the extents is no size.
        return Err(error.clone());
    }
    if shape.contains(&0) {
        return Ok(Tensor::zeros(shape, dtype));
    }
    let columns = shape[axis];
    let rows = shape.iter().product::<usize>() / columns;
    let factor = orthonormal(op, key, rows, columns, dtype)?;

    // Move the columns from the last axis to their place.
    let mut with_columns_last = shape.to_vec();
    with_columns_last.remove(axis);
    with_columns_last.push(columns);
    let mut permutation: Vec<usize> = (0..rank - 1).collect();
    permutation.insert(axis, rank - 1);
    let factor = Tensor::from_vec(with_columns_last, factor).convert(dtype).transpose(permutation);
    Ok(factor * scale)
}

/// The orthonormal factor of a normal matrix, row-major `[rows, columns]`, with signs such that the
/// diagonal of the triangular factor is positive. This makes it unique and uniformly distributed.
fn orthonormal(
    op: &'static str,
    key: &Key,
    rows: usize,
    columns: usize,
    dtype: DType,
) -> Result<Vec<f64>, Error> {
    let (long, short) = (rows.max(columns), rows.min(columns));
    let normal = random::normal_dtype(key, [long, short], dtype).convert(F64);
    let normal = normal.to_vec::<f64>().map_err(|error| match error {
        Error::NoValue { .. } => {
            let expected = "a key with a value: initialise outside of jit";
            invalid(op, "key", "an argument of a function that is being traced", expected)
        }
        other => other,
    })?;
    let (mut q, r) = DMatrix::from_row_slice(long, short, &normal).qr().unpack();
    for (mut column, pivot) in q.column_iter_mut().zip(r.diagonal().iter()) {
        if *pivot < 0.0 {
            column.neg_mut();
        }
    }
    // nalgebra is column-major: its data is the row-major transpose.
    Ok(if rows < columns { q.as_slice().to_vec() } else { q.transpose().as_slice().to_vec() })
}
