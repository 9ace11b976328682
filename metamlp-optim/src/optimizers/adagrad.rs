//! Adagrad.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByRss, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adagrad (optax's `adagrad`): the gradients divided by the root of the sum of all their squares
    /// so far.
    ///
    /// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization" (2011).
    pub struct Adagrad(learning_rate: Schedule) as adagrad -> Optimizer {
        /// Initial value of the sums. Default: 0.1.
        initial_accumulator_value: Hyperparam = 0.1,
        /// Added to the sum inside the square root. Default: 1e-7.
        eps: Hyperparam = 1e-7,
    }
}

impl From<Adagrad> for Optimizer {
    fn from(options: Adagrad) -> Self {
        let Adagrad { learning_rate, initial_accumulator_value, eps } = options;
        let sums = ScaleByRss::new().initial_accumulator_value(initial_accumulator_value).eps(eps);
        alias("adagrad", [sums.into(), scale_by_learning_rate(learning_rate)])
    }
}
