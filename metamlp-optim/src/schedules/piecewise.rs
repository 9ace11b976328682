//! Piecewise constant and piecewise interpolated schedules.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use metamlp_tensor::{F32, Result, Tensor};

use super::{finite, steps_since};
use crate::hyperparam::Range;
use crate::schedule::Schedule;

/// `init_value`, multiplied by each scale from its boundary on (optax's `piecewise_constant_schedule`).
///
/// ```
/// use metamlp_optim::{piecewise_constant_schedule, sgd};
/// let optimizer = sgd(piecewise_constant_schedule(0.1, [(1000, 0.1), (2000, 0.1)]));
/// ```
#[must_use]
pub fn piecewise_constant_schedule(
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (usize, f64)>,
) -> Schedule {
    let scales: BTreeMap<_, _> = boundaries_and_scales.into_iter().collect();
    Schedule::named("piecewise_constant_schedule", move |count| {
        let mut value = Tensor::full([], init_value, F32);
        for (boundary, scaled) in products("piecewise_constant_schedule", init_value, &scales)? {
            value = steps_since(count, boundary).less(0.0).select(value, scaled);
        }
        Ok(value)
    })
}

/// The curve between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// A straight line.
    Linear,
    /// Half a cosine wave.
    Cosine,
}

/// Interpolates between values: `init_value` at step 0, and at each boundary the previous value times
/// the boundary's scale (optax's `piecewise_interpolate_schedule`).
///
/// ```
/// use metamlp_optim::{Interpolation, piecewise_interpolate_schedule, sgd};
/// let triangle = [(100, 10.0), (200, 0.1)];
/// let optimizer = sgd(piecewise_interpolate_schedule(Interpolation::Linear, 0.01, triangle));
/// ```
#[must_use]
pub fn piecewise_interpolate_schedule(
    interpolation: Interpolation,
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (usize, f64)>,
) -> Schedule {
    let scales: BTreeMap<_, _> = boundaries_and_scales.into_iter().collect();
    Schedule::named("piecewise_interpolate_schedule", move |count| {
        let points = products("piecewise_interpolate_schedule", init_value, &scales)?;
        interpolated(interpolation, count, init_value, &points)
    })
}

/// The boundaries, each with the product of `init_value` and all scales up to it.
pub(super) fn products(
    op: &'static str,
    init_value: f64,
    scales: &BTreeMap<usize, f64>,
) -> Result<Vec<(usize, f64)>> {
    finite(op, [("init_value", init_value)])?;
    let mut product = init_value;
    let mut products = Vec::with_capacity(scales.len());
    for (&boundary, &scale) in scales {
        Range::NotNegative.check(op, "scale", scale)?;
        product *= scale;
        products.push((boundary, product));
    }
    Ok(products)
}

/// Interpolates from `init_value` at step 0 through `points`, pairs of a step and a value.
pub(super) fn interpolated(
    interpolation: Interpolation,
    count: &Tensor,
    init_value: f64,
    points: &[(usize, f64)],
) -> Result<Tensor> {
    let starts = [(0, init_value)].into_iter().chain(points.iter().copied());
    let last = points.last().map_or(init_value, |(_, value)| *value);
    let mut value = Tensor::full([], last, F32);
    let pieces: Vec<_> = starts.zip(points.iter().copied()).collect();
    // In reverse, so that the first piece whose end lies ahead is selected last.
    for ((begin, from), (end, to)) in pieces.into_iter().rev() {
        let part = steps_since(count, begin) / end.saturating_sub(begin).max(1) as f64;
        let here = match interpolation {
            Interpolation::Linear => part * (to - from) + from,
            Interpolation::Cosine => ((part * PI).cos() + 1.0) * ((from - to) / 2.0) + to,
        };
        value = steps_since(count, end).less(0.0).select(here, value);
    }
    Ok(value)
}
