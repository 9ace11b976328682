//! The uniform sampler, and the affine map with which the other continuous samplers begin. Knows keys and random bits.

use half::{bf16, f16};

use super::bits::{bits, wide_bits};
use super::key::Key;
use crate::dtype::{BF16, DType, F16, F32, F64};
use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;

/// Uniform numbers in `[0, 1)`, `f32`, of `shape`. JAX's `random.uniform`.
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let u = random::uniform(Key::new(42), [4]).to_vec::<f32>()?;
/// assert_eq!(u, [0.48870957, 0.6797972, 0.6162715, 0.5610161]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn uniform(key: impl Into<Key>, shape: impl AsRef<[usize]>) -> Tensor {
    unit(&key.into(), shape.as_ref(), F32)
}

/// Uniform numbers in `[minval, maxval)`, of `shape`. JAX's `random.uniform`. `dtype` is a float.
///
/// Poisoned if the interval is empty, or if its length is not finite in `dtype`.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// let u = random::uniform_range(Key::new(42), [100], F32, -1.0, 1.0);
/// assert!(u.min_all().item::<f32>()? >= -1.0 && u.max_all().item::<f32>()? < 1.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn uniform_range(
    key: impl Into<Key>,
    shape: impl AsRef<[usize]>,
    dtype: DType,
    minval: impl Into<f64>,
    maxval: impl Into<f64>,
) -> Tensor {
    let (shape, minval, maxval) = (shape.as_ref(), minval.into(), maxval.into());
    let span = dtype.round(dtype.round(maxval) - dtype.round(minval));
    if !(span > 0.0 && span.is_finite()) {
        let found = format!("{minval}..{maxval}");
        let error =
            argument("uniform", "minval..maxval", found, "a finite, non-empty interval", Source::here());
        return Tensor::poison(error, shape, dtype);
    }
    affine(&unit(&key.into(), shape, dtype), dtype.round(minval), dtype.round(maxval))
}

/// Uniform numbers in `[0, 1)` with random fraction bits: 23 for `f32`, 52 for `f64`, 10 for `f16`, and 7 for `bf16`, for
/// which JAX draws 8 bits.
#[track_caller]
pub(super) fn unit(key: &Key, shape: &[usize], dtype: DType) -> Tensor {
    // The fraction as a number. The integer, the power of two and their product are exact.
    let fraction = |bits: Tensor, length: i32| bits.convert(dtype) * 0.5_f64.powi(length);
    match dtype {
        F16 => fraction(bits(key, shape).and(0xffff).shift_right(6), 10),
        BF16 => fraction(bits(key, shape).and(0xff).shift_right(1), 7),
        F32 => {
            // The bits are the fraction of a number in [1, 2), from which 1 is subtracted.
            let ones = bits(key, shape).shift_right(9).or(1.0_f32.to_bits()).bitcast_convert(F32);
            ones - 1.0
        }
        F64 => {
            // The upper 52 of 64 bits as a fraction. Both terms and their sum are exact.
            let (high, low) = wide_bits(key, shape);
            let low = low.shift_right(12).convert(F64) * 2.0_f64.powi(-52);
            high.convert(F64).mul_add(2.0_f64.powi(-32), low)
        }
        _ => Tensor::poison(float_expected(dtype), shape, dtype),
    }
}

/// Maps `unit` from `[0, 1)` to `[minval, maxval)`, rounded once after the sum as XLA does on a CPU.
///
/// The bounds are representable in the tensor's dtype. JAX also takes the maximum with `minval`, which changes nothing if
/// `minval < maxval`.
#[track_caller]
pub(super) fn affine(unit: &Tensor, minval: f64, maxval: f64) -> Tensor {
    let span = unit.dtype().round(maxval - minval);
    match (minval == 0.0, span == 1.0) {
        (true, true) => unit.clone(),
        (true, false) => unit * span,
        // In `bf16` XLA rounds the product too.
        (false, _) if unit.dtype() == BF16 => unit * span + minval,
        (false, _) => unit.mul_add(span, minval),
    }
}

/// The difference between 1 and the next larger number of `dtype`.
pub(super) fn epsilon(dtype: DType) -> f64 {
    match dtype {
        F16 => f16::EPSILON.to_f64(),
        BF16 => bf16::EPSILON.to_f64(),
        F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}

/// The smallest normal number of `dtype`.
pub(super) fn tiny(dtype: DType) -> f64 {
    match dtype {
        F16 => f16::MIN_POSITIVE.to_f64(),
        BF16 => bf16::MIN_POSITIVE.to_f64(),
        F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    }
}

#[track_caller]
fn float_expected(dtype: DType) -> Error {
    argument("random", "dtype", dtype, "a float", Source::here())
}
