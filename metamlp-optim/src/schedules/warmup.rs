//! Linear warm-up, followed by a constant or a decay.

use metamlp_tensor::{Error, Result, Tensor};

use super::cosine::CosineDecay;
use super::exponential::ExponentialDecay;
use super::finite;
use super::join::{join_schedules, joined};
use super::polynomial::linear_schedule;
use crate::options::options;
use crate::schedule::Schedule;

/// Linear from `init_value` to `peak_value` in `warmup_steps` steps, then constant (optax's
/// `warmup_constant_schedule`).
#[must_use]
pub fn warmup_constant_schedule(init_value: f64, peak_value: f64, warmup_steps: usize) -> Schedule {
    linear_schedule(init_value, peak_value, warmup_steps)
}

options! {
    /// Linear from `init_value` to `peak_value` in `warmup_steps` steps, then cosine decay until step
    /// `decay_steps`, counted from the start (optax's `warmup_cosine_decay_schedule`).
    ///
    /// ```
    /// use metamlp_optim::{WarmupCosineDecay, adamw};
    /// let optimizer = adamw(WarmupCosineDecay::new(0.0, 1e-3, 100, 1000).end_value(1e-5));
    /// ```
    pub struct WarmupCosineDecay(
        init_value: f64, peak_value: f64, warmup_steps: usize, decay_steps: usize
    ) as warmup_cosine_decay_schedule -> Schedule {
        /// Value after the last step. Default: 0.0.
        end_value: f64 = 0.0,
        /// Exponent of the cosine factor. Default: 1.0.
        exponent: f64 = 1.0,
    }
}

impl WarmupCosineDecay {
    fn at(&self, count: &Tensor) -> Result<Tensor> {
        let Self { init_value, peak_value, warmup_steps, decay_steps, end_value, exponent } = *self;
        let op = "warmup_cosine_decay_schedule";
        finite(op, [("init_value", init_value), ("peak_value", peak_value), ("end_value", end_value)])?;
        if decay_steps <= warmup_steps {
            let expected = format!("more than warmup_steps, which is {warmup_steps}");
            return Err(Error::argument(op, "decay_steps", decay_steps, expected));
        }
        let alpha = if peak_value == 0.0 { 0.0 } else { end_value / peak_value };
        let decay = CosineDecay::new(peak_value, decay_steps - warmup_steps).alpha(alpha).exponent(exponent);
        let warm_up = linear_schedule(init_value, peak_value, warmup_steps);
        joined(count, |count| warm_up.at(count), [(|count: &Tensor| decay.at(count), warmup_steps)])
    }
}

impl From<WarmupCosineDecay> for Schedule {
    fn from(schedule: WarmupCosineDecay) -> Self {
        Self::named("warmup_cosine_decay_schedule", move |count| schedule.at(count))
    }
}

options! {
    /// Linear from `init_value` to `peak_value` in `warmup_steps` steps, then [`ExponentialDecay`]
    /// (optax's `warmup_exponential_decay_schedule`).
    pub struct WarmupExponentialDecay(
        init_value: f64, peak_value: f64, warmup_steps: usize, transition_steps: usize, decay_rate: f64
    ) as warmup_exponential_decay_schedule -> Schedule {
        /// Steps between the warm-up and the decay. Default: 0.
        transition_begin: usize = 0,
        /// Decay at multiples of `transition_steps` only. Default: false.
        staircase: bool = false,
        /// Bound of the value: a lower one if `decay_rate` is below 1, else an upper one. Default: no
        /// bound.
        end_value: Option<f64>,
    }
}

impl From<WarmupExponentialDecay> for Schedule {
    fn from(schedule: WarmupExponentialDecay) -> Self {
        let WarmupExponentialDecay { init_value, peak_value, warmup_steps, .. } = schedule;
        let mut decay = ExponentialDecay::new(peak_value, schedule.transition_steps, schedule.decay_rate)
            .transition_begin(schedule.transition_begin)
            .staircase(schedule.staircase);
        if let Some(end_value) = schedule.end_value {
            decay = decay.end_value(end_value);
        }
        join_schedules([linear_schedule(init_value, peak_value, warmup_steps), decay.into()], [warmup_steps])
    }
}

/// A sequence of [`WarmupCosineDecay`] cycles, each for its `decay_steps` (optax's `sgdr_schedule`).
///
/// Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
///
/// ```
/// use metamlp_optim::{WarmupCosineDecay, sgd, sgdr_schedule};
/// let cycles = [(0.1, 100), (0.05, 200), (0.02, 400)];
/// let optimizer = sgd(sgdr_schedule(cycles.map(|(peak, steps)| WarmupCosineDecay::new(0.0, peak, 10, steps))));
/// ```
#[must_use]
pub fn sgdr_schedule(cycles: impl IntoIterator<Item = WarmupCosineDecay>) -> Schedule {
    let (mut schedules, mut ends, mut end) = (Vec::new(), Vec::new(), 0usize);
    for cycle in cycles {
        end = end.saturating_add(cycle.decay_steps);
        ends.push(end);
        schedules.push(cycle.into());
    }
    ends.pop();
    join_schedules(schedules, ends)
}
