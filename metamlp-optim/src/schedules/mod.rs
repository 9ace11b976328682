//! Schedules: values as functions of the step, under optax's names, one family per file. Knows the step
//! count as a tensor and nothing of optimizers; runs inside the compiled step.

mod cosine;
mod exponential;
mod join;
mod onecycle;
mod piecewise;
mod polynomial;
mod warmup;

pub use cosine::{CosineDecay, cosine_decay_schedule};
pub use exponential::{ExponentialDecay, exponential_decay};
pub use join::join_schedules;
pub use onecycle::{CosineOnecycle, LinearOnecycle, cosine_onecycle_schedule, linear_onecycle_schedule};
pub use piecewise::{Interpolation, piecewise_constant_schedule, piecewise_interpolate_schedule};
pub use polynomial::{PolynomialSchedule, constant_schedule, linear_schedule, polynomial_schedule};
pub use warmup::{WarmupCosineDecay, WarmupExponentialDecay, sgdr_schedule, warmup_constant_schedule};
pub use warmup::{warmup_cosine_decay_schedule, warmup_exponential_decay_schedule};

use metamlp_tensor::{F32, Result, Tensor};

use super::hyperparam::Range;

/// The number of steps since `begin`, `f32`; negative before it.
fn steps_since(count: &Tensor, begin: usize) -> Tensor {
    (count - i32::try_from(begin).unwrap_or(i32::MAX)).convert(F32)
}

/// Returns an error for a number that is not finite.
fn finite<const N: usize>(op: &'static str, each: [(&'static str, f64); N]) -> Result<()> {
    each.into_iter().try_for_each(|(name, number)| Range::Finite.check(op, name, number))
}
