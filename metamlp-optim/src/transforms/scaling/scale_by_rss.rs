//! Adagrad's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Adagrad's step before the learning rate (optax's `scale_by_rss`): the gradients divided by the
    /// root of the sum of all their squares so far.
    ///
    /// State: `sum_of_squares`, one tensor per parameter.
    ///
    /// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization" (2011).
    pub struct ScaleByRss() as scale_by_rss -> Optimizer {
        /// Initial value of the sums. Default: 0.1.
        initial_accumulator_value: Hyperparam = 0.1,
        /// Added to the sum inside the square root. Default: 1e-7.
        eps: Hyperparam = 1e-7,
    }
}

impl GradientTransformation for ScaleByRss {
    fn check(&self) -> Result<()> {
        let each = [
            ("initial_accumulator_value", &self.initial_accumulator_value, Range::NotNegative),
            ("eps", &self.eps, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_rss", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        let start =
            |param: &Tensor| self.initial_accumulator_value.tensor(param.dtype()).broadcast_to(param.shape());
        State::fields([("sum_of_squares", params.map(start).into())])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let before = state.leaves("sum_of_squares", &updates)?;
        let sum = updates.zip_map(before, |g, sum| g.square() + sum);
        let updates = sum.zip_map(&updates, |sum, g| {
            // Selected before and after the root: for a sum of 0 the update and its gradient are 0, not NaN.
            let is_positive = sum.greater(0.0);
            is_positive.select((is_positive.select(sum, 1.0) + &self.eps).rsqrt(), 0.0) * g
        });
        Ok((updates, State::fields([("sum_of_squares", sum.into())])))
    }
}
