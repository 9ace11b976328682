//! Cosine decay.

use std::f64::consts::PI;

use metamlp_tensor::{F32, Result, Tensor};

use super::finite;
use crate::hyperparam::Range;
use crate::options::options;
use crate::schedule::Schedule;

options! {
    /// Decays from `init_value` to `alpha · init_value` in `decay_steps` steps, along half a cosine
    /// wave (optax's `cosine_decay_schedule`).
    ///
    /// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
    ///
    /// ```
    /// use metamlp_optim::{CosineDecay, adam};
    /// let optimizer = adam(CosineDecay::new(1e-3, 1000).alpha(0.01));
    /// ```
    pub struct CosineDecay(init_value: f64, decay_steps: usize) as cosine_decay_schedule -> Schedule {
        /// Ratio of the final value to `init_value`. Default: 0.0.
        alpha: f64 = 0.0,
        /// Exponent of the cosine factor. Default: 1.0.
        exponent: f64 = 1.0,
    }
}

impl CosineDecay {
    pub(super) fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { init_value, decay_steps, alpha, exponent } = *self;
        let op = "cosine_decay_schedule";
        finite(op, [("init_value", init_value), ("alpha", alpha)])?;
        Range::NotNegative.check(op, "exponent", exponent)?;
        let steps = decay_steps as f64;
        Range::Steps.check(op, "decay_steps", steps)?;
        let wave = ((count.convert(F32).minimum(steps) * PI / steps).cos() + 1.0) * 0.5;
        let wave = if exponent == 1.0 { wave } else { wave.power(exponent) };
        Ok((wave * (1.0 - alpha) + alpha) * init_value)
    }
}

impl From<CosineDecay> for Schedule {
    fn from(schedule: CosineDecay) -> Self {
        Self::named("cosine_decay_schedule", move |count| schedule.at(count))
    }
}
