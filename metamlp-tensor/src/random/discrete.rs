//! Samplers of booleans, signs and integers, built on uniform numbers and random bits.

use super::bits::bits;
use super::key::Key;
use super::uniform::unit;
use crate::dtype::{DType, F32, I32};
use crate::error::argument;
use crate::graph::node::Tensor;
use crate::graph::op::Binary;
use crate::graph::source::Source;
use crate::tensor::Operand;

/// `true` with probability `p`, as `bool`, of `shape`. JAX's `random.bernoulli`.
///
/// `p` is a number, or a tensor that broadcasts to `shape`. An `f64` tensor is compared with 52 random bits, an `f32`
/// tensor or a number with 23. Poisoned if `p` does not broadcast to `shape`.
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let coins = random::bernoulli(Key::new(42), 0.5, [6]).to_vec::<bool>()?;
/// assert_eq!(coins, [true, false, false, false, true, false]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn bernoulli(key: impl Into<Key>, p: impl Operand, shape: impl AsRef<[usize]>) -> Tensor {
    let p = p.term().into_tensor("bernoulli", F32);
    let p = p.convert(p.dtype().to_inexact()).broadcast_to(shape.as_ref());
    unit(&key.into(), shape.as_ref(), p.dtype()).less(&p)
}

/// -1 or 1 with equal probability, of `shape`. JAX's `random.rademacher`. `dtype` is `I32` or a float.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// let signs = random::rademacher(Key::new(42), [4], F32).to_vec::<f32>()?;
/// assert_eq!(signs, [1.0, -1.0, -1.0, -1.0]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn rademacher(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    if !(dtype.is_float() || dtype == I32) {
        let error = argument(
            "rademacher",
            "dtype",
            dtype,
            "I32 or a float, since it must represent -1",
            Source::here(),
        );
        return Tensor::poison(error, shape, dtype);
    }
    let heads = bernoulli(key, 0.5, shape);
    heads.select(Tensor::ones([], dtype), Tensor::full([], -1, dtype))
}

/// Integers in `minval..maxval`, as `i32`, of `shape`. JAX's `random.randint`.
///
/// Each is computed from 64 random bits, so that all numbers are almost equally likely also if the length of the range is
/// not a power of two. Poisoned if the range is empty (JAX returns `minval` then).
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let digits = random::randint(Key::new(42), [8], 0, 10).to_vec::<i32>()?;
/// assert_eq!(digits, [4, 4, 1, 9, 9, 9, 7, 7]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn randint(key: impl Into<Key>, shape: impl AsRef<[usize]>, minval: i32, maxval: i32) -> Tensor {
    let shape = shape.as_ref();
    if minval >= maxval {
        let found = format!("{minval}..{maxval}");
        let error = argument("randint", "minval..maxval", found, "a non-empty range", Source::here());
        return Tensor::poison(error, shape, I32);
    }
    let span = maxval.wrapping_sub(minval) as u32;
    // 2^32 modulo the span, computed from 2^16. The product wraps as in JAX.
    let root = (1 << 16) % span;
    let multiplier = root.wrapping_mul(root) % span;

    let (high, low) = key.into().split_in_two();
    let mut offset = bits(low, shape).remainder(span);
    if multiplier > 0 {
        let upper = bits(high, shape).remainder(span).binary(Binary::Mul, multiplier);
        offset = upper.binary(Binary::Add, offset).remainder(span);
    }
    offset.bitcast_convert(I32) + minval
}
