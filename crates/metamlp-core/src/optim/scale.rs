//! Multiplication by a number, constant or scheduled.

use metamlp_tensor::{I32, Result, Tensor};

use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::schedule::Schedule;
use super::state::State;
use super::transformation::{GradientTransformation, require};

/// Multiplies the updates by `factor`.
#[must_use]
pub fn scale(factor: f64) -> Optimizer {
    Optimizer::new(Scale { factor })
}

/// Multiplies the updates by minus the learning rate: the last part of a chain.
///
/// Its state is the `count` of steps if the rate depends on it, otherwise empty.
#[must_use]
pub fn scale_by_learning_rate(learning_rate: impl Into<Schedule>) -> Optimizer {
    Optimizer::new(ScaleByLearningRate { learning_rate: learning_rate.into() })
}

#[derive(Debug)]
struct Scale {
    factor: f64,
}

impl GradientTransformation for Scale {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let factor = self.factor;
        require(factor.is_finite(), "scale", "factor", factor, "a finite number")?;
        Ok((updates.map(|update| update * factor), state.clone()))
    }
}

#[derive(Debug)]
struct ScaleByLearningRate {
    learning_rate: Schedule,
}

impl GradientTransformation for ScaleByLearningRate {
    fn init(&self, _params: &Leaves) -> State {
        match self.learning_rate.constant() {
            Some(_) => State::empty(),
            None => State::fields([("count", State::Tensor(Tensor::zeros([], I32)))]),
        }
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        if let Some(rate) = self.learning_rate.constant() {
            require(rate.is_finite(), "scale_by_learning_rate", "learning_rate", rate, "a finite number")?;
            return Ok((updates.map(|update| update * -rate), state.clone()));
        }
        let count = state.tensor("count")?;
        let factor = -self.learning_rate.at(count)?;
        let scaled = updates.map(|update| factor.convert(update.dtype()) * update);
        Ok((scaled, State::fields([("count", State::Tensor(incremented(count)))])))
    }
}

/// `count + 1`, up to the largest number that there is.
pub(super) fn incremented(count: &Tensor) -> Tensor {
    count.minimum(i32::MAX - 1) + 1
}
