//! Normal and truncated-normal samplers, built on the uniform one.

use std::f64::consts::SQRT_2;

use half::{bf16, f16};

use super::key::Key;
use super::uniform::{affine, epsilon, unit};
use crate::dtype::{BF16, DType, F16, F32, F64};
use crate::error::argument;
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::math::erf::{erf_f32, erf_f64};

/// Numbers from the standard normal distribution, `f32`, of `shape`. JAX's `random.normal`.
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let x = random::normal(Key::new(42), [4]).to_vec::<f32>()?;
/// assert_eq!(x, [-0.028304616, 0.46713185, 0.29570296, 0.15354592]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn normal(key: impl Into<Key>, shape: impl AsRef<[usize]>) -> Tensor {
    normal_dtype(key, shape, F32)
}

/// [`normal`] with another `dtype`, which is a float.
#[track_caller]
#[must_use]
pub fn normal_dtype(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    // Uniform on the open interval (-1, 1), since -1 would give minus infinity.
    let above_minus_one = -1.0 + epsilon(dtype) / 2.0;
    affine(&unit(&key.into(), shape.as_ref(), dtype), above_minus_one, 1.0).erf_inv() * SQRT_2
}

/// Numbers from the standard normal distribution, truncated to `(lower, upper)`, of `shape`. JAX's
/// `random.truncated_normal`. `dtype` is a float. A bound may be infinite.
///
/// Poisoned if the interval is empty.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// let x = random::truncated_normal(Key::new(42), [100], F32, -2.0, 2.0);
/// assert!(x.abs().max_all().item::<f32>()? < 2.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn truncated_normal(
    key: impl Into<Key>,
    shape: impl AsRef<[usize]>,
    dtype: DType,
    lower: impl Into<f64>,
    upper: impl Into<f64>,
) -> Tensor {
    let (shape, lower, upper) = (shape.as_ref(), dtype.round(lower.into()), dtype.round(upper.into()));
    if lower.partial_cmp(&upper) != Some(std::cmp::Ordering::Less) {
        let found = format!("{lower}..{upper}");
        let expected = "a lower bound below the upper bound";
        let error = argument("truncated_normal", "lower..upper", found, expected, Source::here());
        return Tensor::poison(error, shape, dtype);
    }
    let u = affine(&unit(&key.into(), shape, dtype), probability(lower, dtype), probability(upper, dtype));
    // Rounding must not give the bounds themselves.
    (u.erf_inv() * SQRT_2).clamp(next_up(lower, dtype), next_down(upper, dtype))
}

/// `erf(x / sqrt 2)`: the probability of `[-x, x]`, in the arithmetic of `dtype`.
fn probability(x: f64, dtype: DType) -> f64 {
    match dtype {
        F64 => erf_f64(x / SQRT_2),
        F32 => f64::from(erf_f32(x as f32 * std::f32::consts::FRAC_1_SQRT_2)),
        half => half.round(f64::from(erf_f32(half.round(x / half.round(SQRT_2)) as f32))),
    }
}

fn next_up(x: f64, dtype: DType) -> f64 {
    match dtype {
        F16 => f16::from_bits(step(f16::from_f64(x).to_bits(), true)).to_f64(),
        BF16 => bf16::from_bits(step(bf16::from_f64(x).to_bits(), true)).to_f64(),
        F64 => x.next_up(),
        _ => f64::from((x as f32).next_up()),
    }
}

fn next_down(x: f64, dtype: DType) -> f64 {
    match dtype {
        F16 => f16::from_bits(step(f16::from_f64(x).to_bits(), false)).to_f64(),
        BF16 => bf16::from_bits(step(bf16::from_f64(x).to_bits(), false)).to_f64(),
        F64 => x.next_down(),
        _ => f64::from((x as f32).next_down()),
    }
}

/// The bits of the next 16-bit float above or below the one with `bits`, which is not the infinity on that side.
fn step(bits: u16, up: bool) -> u16 {
    const SIGN: u16 = 0x8000;
    match (bits & SIGN != 0, up) {
        // From zero to the smallest number of the other sign.
        (false, false) if bits == 0 => SIGN | 1,
        (true, true) if bits == SIGN => 1,
        (false, true) | (true, false) => bits + 1,
        (false, false) | (true, true) => bits - 1,
    }
}
