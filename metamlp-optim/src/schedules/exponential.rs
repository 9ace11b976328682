//! Exponential decay.

use metamlp_tensor::{F32, Result, Tensor};

use super::{finite, steps_since};
use crate::hyperparam::Range;
use crate::options::options;
use crate::schedule::Schedule;

options! {
    /// `init_value · decay_rate^(step / transition_steps)` (optax's `exponential_decay`). The value
    /// stays `init_value` if `transition_steps` or `decay_rate` is 0.
    ///
    /// ```
    /// use metamlp_optim::{ExponentialDecay, adam};
    /// let optimizer = adam(ExponentialDecay::new(1e-3, 100, 0.5).staircase(true).end_value(1e-5));
    /// ```
    pub struct ExponentialDecay(
        init_value: f64, transition_steps: usize, decay_rate: f64
    ) as exponential_decay -> Schedule {
        /// First step of the transition; the value is `init_value` before it. Default: 0.
        transition_begin: usize = 0,
        /// Decay at multiples of `transition_steps` only. Default: false.
        staircase: bool = false,
        /// Bound of the value: a lower one if `decay_rate` is below 1, else an upper one. Default: no
        /// bound.
        end_value: Option<f64>,
    }
}

impl ExponentialDecay {
    pub(super) fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { init_value, transition_steps, decay_rate, transition_begin, staircase, end_value } = *self;
        let op = "exponential_decay";
        finite(op, [("init_value", init_value), ("end_value", end_value.unwrap_or_default())])?;
        Range::NotNegative.check(op, "decay_rate", decay_rate)?;
        if transition_steps == 0 || decay_rate == 0.0 {
            return Ok(Tensor::full([], init_value, F32));
        }
        let since = steps_since(count, transition_begin);
        let times = &since / transition_steps as f64;
        let times = if staircase { times.floor() } else { times };
        let decayed = Tensor::full([], decay_rate, F32).power(times) * init_value;
        let value = since.less_equal(0.0).select(init_value, decayed);
        Ok(match end_value {
            Some(end) if decay_rate < 1.0 => value.maximum(end),
            Some(end) => value.minimum(end),
            None => value,
        })
    }
}

impl From<ExponentialDecay> for Schedule {
    fn from(schedule: ExponentialDecay) -> Self {
        Self::named("exponential_decay", move |count| schedule.at(count))
    }
}
