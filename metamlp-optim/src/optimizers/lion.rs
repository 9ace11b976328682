//! Lion.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByLion, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Lion (optax's `lion`): steps of the same size in every element, by the sign of the momentum,
    /// with decoupled weight decay. The learning rate is 3 to 10 times smaller than Adam's, the weight
    /// decay larger by the same factor.
    ///
    /// Chen et al., "Symbolic discovery of optimization algorithms" (2023).
    pub struct Lion(learning_rate: Schedule) as lion -> Optimizer {
        /// Weight of the mean, beside the gradient, in the direction of a step, in [0, 1). Default:
        /// 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.99.
        b2: Hyperparam = 0.99,
        /// Decoupled weight decay, multiplied by the learning rate. Default: 1e-3.
        weight_decay: Schedule = 1e-3,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
        mask: Option<Mask>,
    }
}

impl From<Lion> for Optimizer {
    fn from(options: Lion) -> Self {
        let Lion { learning_rate, b1, b2, weight_decay, mask } = options;
        let decay = AddDecayedWeights::new(weight_decay).masked_by(mask);
        alias(
            "lion",
            [ScaleByLion::new().b1(b1).b2(b2).into(), decay.into(), scale_by_learning_rate(learning_rate)],
        )
    }
}
