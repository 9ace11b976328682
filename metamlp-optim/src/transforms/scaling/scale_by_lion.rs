//! Lion's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{incremented, updated_mean};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Lion's step before the learning rate (optax's `scale_by_lion`): the sign of a mean of the
    /// gradients.
    ///
    /// State: `count` (the number of steps, `i32`), and the mean `mu`, one tensor per parameter.
    ///
    /// Chen et al., "Symbolic discovery of optimization algorithms" (2023).
    pub struct ScaleByLion() as scale_by_lion -> Optimizer {
        /// Weight of the mean, beside the gradient, in the direction of a step, in [0, 1). Default:
        /// 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.99.
        b2: Hyperparam = 0.99,
    }
}

impl GradientTransformation for ScaleByLion {
    fn check(&self) -> Result<()> {
        let each = [("b1", &self.b1, Range::Decay), ("b2", &self.b2, Range::Decay)];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_lion", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("count", State::count()), ("mu", State::zeros_like(params))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let before = state.leaves("mu", &updates)?;
        let mu = updated_mean(&updates, before, &self.b2);
        let direction = updated_mean(&updates, before, &self.b1).map(Tensor::sign);
        let count = incremented(state.tensor("count")?);
        Ok((direction, State::fields([("count", count.into()), ("mu", mu.into())])))
    }
}
