//! Steps by the sign of the momentum.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByLion, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Lion (optax's `lion`): steps of one size, with decoupled weight decay. Its learning
    /// rate is some 3 to 10 times smaller than Adam's, its decay larger by as much.
    ///
    /// Chen et al., "Symbolic discovery of optimization algorithms" (2023).
    pub struct Lion(learning_rate: Schedule) as lion -> Optimizer {
        /// How much of the mean is in a step's direction, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean stays in a step, in [0, 1); 0.99.
        b2: Hyperparam = 0.99,
        /// The parameters' factor in the update, beside the learning rate; 1e-3.
        weight_decay: Schedule = 1e-3,
        /// Only those parameters decay for whose path it is true; all.
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
