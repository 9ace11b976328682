//! Initializers that sample from one distribution, independent of the shape.

use metamlp_tensor::random;

use super::{Initializer, finite, float};
use crate::argument::or_poison;

/// Uniform in `[0, scale)`, not symmetric (JAX's default: 0.01).
#[must_use]
pub fn uniform(scale: f64) -> Initializer {
    Initializer::built_in(format!("uniform({scale})"), move |key, shape, dtype| {
        let checked = float("uniform", dtype).and_then(|()| finite("uniform", "scale", scale));
        let drawn = |scale| random::uniform_range(&key, shape, dtype, 0.0, 1.0) * dtype.round(scale);
        or_poison(checked.map(drawn), shape, dtype)
    })
}

/// Normal with mean 0 and standard deviation `stddev` (JAX's default: 0.01).
///
/// ```
/// use metamlp::{F32, Key, initializers::normal};
/// let values = normal(0.01).initialize(Key::new(42), &[2], F32).to_vec::<f32>()?;
/// assert_eq!(values, [-0.00028304616, 0.0046713185]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[must_use]
pub fn normal(stddev: f64) -> Initializer {
    Initializer::built_in(format!("normal({stddev})"), move |key, shape, dtype| {
        let checked = float("normal", dtype).and_then(|()| finite("normal", "stddev", stddev));
        let drawn = |stddev| random::normal_dtype(&key, shape, dtype) * dtype.round(stddev);
        or_poison(checked.map(drawn), shape, dtype)
    })
}

/// Normal truncated at -2 and 2, times `stddev` (JAX's default: 0.01). The standard deviation of the
/// result is about `0.88 · stddev`.
#[must_use]
pub fn truncated_normal(stddev: f64) -> Initializer {
    truncated_normal_within(stddev, -2.0, 2.0)
}

/// [`truncated_normal`] with other bounds, in multiples of `stddev`.
#[must_use]
pub fn truncated_normal_within(stddev: f64, lower: f64, upper: f64) -> Initializer {
    let name = format!("truncated_normal({stddev}, {lower}, {upper})");
    Initializer::built_in(name, move |key, shape, dtype| {
        let op = "truncated_normal";
        let checked = float(op, dtype).and_then(|()| finite(op, "stddev", stddev));
        let drawn = |stddev| random::truncated_normal(&key, shape, dtype, lower, upper) * dtype.round(stddev);
        or_poison(checked.map(drawn), shape, dtype)
    })
}
