//! Polynomial, linear and constant schedules.

use metamlp_tensor::{F32, Result, Tensor};

use super::{finite, steps_since};
use crate::hyperparam::Range;
use crate::options::options;
use crate::schedule::Schedule;

/// A constant value (optax's `constant_schedule`).
#[must_use]
pub fn constant_schedule(value: f64) -> Schedule {
    value.into()
}

/// Linear from `init_value` to `end_value` in `transition_steps` steps (optax's `linear_schedule`).
///
/// ```
/// use metamlp_optim::{linear_schedule, sgd};
/// let optimizer = sgd(linear_schedule(0.1, 0.0, 1000));
/// ```
#[must_use]
pub fn linear_schedule(init_value: f64, end_value: f64, transition_steps: usize) -> Schedule {
    polynomial_schedule(init_value, end_value, 1.0, transition_steps)
}

options! {
    /// From `init_value` to `end_value` in `transition_steps` steps, along `(1 - t)^power` (optax's
    /// `polynomial_schedule`). The value stays `init_value` if `transition_steps` is 0.
    pub struct PolynomialSchedule(
        init_value: f64, end_value: f64, power: f64, transition_steps: usize
    ) as polynomial_schedule -> Schedule {
        /// First step of the transition; the value is `init_value` before it. Default: 0.
        transition_begin: usize = 0,
    }
}

impl PolynomialSchedule {
    fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { init_value, end_value, power, transition_steps, transition_begin } = *self;
        let op = "polynomial_schedule";
        finite(op, [("init_value", init_value), ("end_value", end_value)])?;
        Range::NotNegative.check(op, "power", power)?;
        if transition_steps == 0 {
            return Ok(Tensor::full([], init_value, F32));
        }
        let steps = transition_steps as f64;
        let left = 1.0 - steps_since(count, transition_begin).clamp(0.0, steps) / steps;
        let curve = if power == 1.0 { left } else { left.power(power) };
        Ok(curve * (init_value - end_value) + end_value)
    }
}

impl From<PolynomialSchedule> for Schedule {
    fn from(schedule: PolynomialSchedule) -> Self {
        Self::named("polynomial_schedule", move |count| schedule.at(count))
    }
}
