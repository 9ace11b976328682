//! Multiplication by a schedule or a learning rate.

use metamlp_tensor::Result;

use crate::hyperparam::Range;
use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Multiplies the updates by the schedule's value at each step (optax's `scale_by_schedule`).
///
/// State: `count` (the number of steps) if the value depends on it, else empty.
#[must_use]
pub fn scale_by_schedule(step_size: impl Into<Schedule>) -> Optimizer {
    Optimizer::new(ScaleBySchedule(step_size.into()))
}

/// Multiplies the updates by `-learning_rate` (optax's `scale_by_learning_rate`): the last
/// transformation of a chain. The rate must not be negative.
///
/// State: `count` (the number of steps) if the rate depends on it, else empty.
#[must_use]
pub fn scale_by_learning_rate(learning_rate: impl Into<Schedule>) -> Optimizer {
    Optimizer::new(ScaleByLearningRate { learning_rate: learning_rate.into(), flip_sign: true })
}

/// [`scale_by_learning_rate`] with a positive sign.
pub(crate) fn scale_up_by_learning_rate(learning_rate: Schedule) -> Optimizer {
    Optimizer::new(ScaleByLearningRate { learning_rate, flip_sign: false })
}

#[derive(Debug)]
struct ScaleBySchedule(Schedule);

impl GradientTransformation for ScaleBySchedule {
    fn check(&self) -> Result<()> {
        self.0.check("scale_by_schedule", "step_size", Range::Finite)
    }

    fn init(&self, _params: &Leaves) -> State {
        start(&self.0)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        scaled(&updates, state, &self.0, false)
    }
}

#[derive(Debug)]
struct ScaleByLearningRate {
    learning_rate: Schedule,
    flip_sign: bool,
}

impl GradientTransformation for ScaleByLearningRate {
    fn check(&self) -> Result<()> {
        self.learning_rate.check("scale_by_learning_rate", "learning_rate", Range::NotNegative)
    }

    fn init(&self, _params: &Leaves) -> State {
        start(&self.learning_rate)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        scaled(&updates, state, &self.learning_rate, self.flip_sign)
    }
}

fn start(schedule: &Schedule) -> State {
    match schedule.constant() {
        Some(_) => State::empty(),
        None => State::fields([("count", State::count())]),
    }
}

fn scaled(updates: &Leaves, state: &State, schedule: &Schedule, flip_sign: bool) -> Result<(Leaves, State)> {
    if let Some(rate) = schedule.constant() {
        let factor = if flip_sign { rate.negated() } else { rate.clone() };
        return Ok((updates.map(|update| update * &factor), state.clone()));
    }
    let count = state.tensor("count")?;
    let rate = schedule.at(count)?;
    let factor = if flip_sign { -rate } else { rate };
    let scaled = updates.map(|update| factor.convert(update.dtype()) * update);
    Ok((scaled, State::fields([("count", incremented(count).into())])))
}
