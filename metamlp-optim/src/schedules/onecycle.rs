//! One-cycle schedules.
//!
//! Smith and Topin, "Super-convergence: very fast training of neural networks
//! using large learning rates" (2018).

use std::collections::BTreeMap;

use metamlp_tensor::{Result, Tensor};

use super::finite;
use super::piecewise::{Interpolation, interpolated, products};
use crate::hyperparam::Range;
use crate::options::options;
use crate::schedule::Schedule;

options! {
    /// Linear from `peak_value / div_factor` to `peak_value`, linear back, then linear to a fraction of
    /// the initial value (optax's `linear_onecycle_schedule`).
    ///
    /// Smith and Topin, "Super-convergence: very fast training of neural networks
    /// using large learning rates" (2018).
    pub struct LinearOnecycle(transition_steps: usize, peak_value: f64) as linear_onecycle_schedule -> Schedule {
        /// Fraction of the steps in which the value increases. Default: 0.3.
        pct_start: f64 = 0.3,
        /// Fraction of the steps after which the value is back at the start. Default: 0.85.
        pct_final: f64 = 0.85,
        /// Ratio of the peak to the initial value. Default: 25.0.
        div_factor: f64 = 25.0,
        /// Ratio of the initial value to the final one. Default: 1e4.
        final_div_factor: f64 = 1e4,
    }
}

impl LinearOnecycle {
    fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { transition_steps: steps, peak_value, pct_start, pct_final, div_factor, final_div_factor } =
            *self;
        let op = "linear_onecycle_schedule";
        Range::Unit.check(op, "pct_final", pct_final)?;
        check(op, steps, peak_value, pct_start, div_factor, final_div_factor)?;
        let scales = BTreeMap::from([
            (whole(pct_start, steps), div_factor),
            (whole(pct_final, steps), 1.0 / div_factor),
            (steps, 1.0 / final_div_factor),
        ]);
        let start = peak_value / div_factor;
        interpolated(Interpolation::Linear, count, start, &products(op, start, &scales)?)
    }
}

impl From<LinearOnecycle> for Schedule {
    fn from(schedule: LinearOnecycle) -> Self {
        Self::named("linear_onecycle_schedule", move |count| schedule.at(count))
    }
}

options! {
    /// Half a cosine wave from `peak_value / div_factor` to `peak_value`, then another down to a
    /// fraction of the initial value (optax's `cosine_onecycle_schedule`).
    ///
    /// Smith and Topin, "Super-convergence: very fast training of neural networks
    /// using large learning rates" (2018).
    pub struct CosineOnecycle(transition_steps: usize, peak_value: f64) as cosine_onecycle_schedule -> Schedule {
        /// Fraction of the steps in which the value increases. Default: 0.3.
        pct_start: f64 = 0.3,
        /// Ratio of the peak to the initial value. Default: 25.0.
        div_factor: f64 = 25.0,
        /// Ratio of the initial value to the final one. Default: 1e4.
        final_div_factor: f64 = 1e4,
    }
}

impl CosineOnecycle {
    fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { transition_steps: steps, peak_value, pct_start, div_factor, final_div_factor } = *self;
        let op = "cosine_onecycle_schedule";
        check(op, steps, peak_value, pct_start, div_factor, final_div_factor)?;
        let scales = BTreeMap::from([
            (whole(pct_start, steps), div_factor),
            (steps, 1.0 / (div_factor * final_div_factor)),
        ]);
        let start = peak_value / div_factor;
        interpolated(Interpolation::Cosine, count, start, &products(op, start, &scales)?)
    }
}

impl From<CosineOnecycle> for Schedule {
    fn from(schedule: CosineOnecycle) -> Self {
        Self::named("cosine_onecycle_schedule", move |count| schedule.at(count))
    }
}

fn check(op: &'static str, steps: usize, peak: f64, rise: f64, div: f64, final_div: f64) -> Result<()> {
    Range::Steps.check(op, "transition_steps", steps as f64)?;
    finite(op, [("peak_value", peak), ("div_factor", div), ("final_div_factor", final_div)])?;
    Range::Unit.check(op, "pct_start", rise)?;
    Range::Positive.check(op, "div_factor", div)?;
    Range::Positive.check(op, "final_div_factor", final_div)
}

/// `part` of the steps, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`part` is in [0, 1], rounding down is meant"
)]
fn whole(part: f64, steps: usize) -> usize {
    (part * steps as f64) as usize
}
