//! Adam for large batches.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdam, scale_by_learning_rate, scale_by_trust_ratio};
use crate::wrappers::alias;

options! {
    /// LAMB (optax's `lamb`): Adam's step, as long for each parameter as the parameter is.
    ///
    /// You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020).
    pub struct Lamb(learning_rate: Schedule) as lamb -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-6.
        eps: Hyperparam = 1e-6,
        /// Added to the mean square below the root, for gradients through the update; 0.0.
        eps_root: Hyperparam = 0.0,
        /// The parameters' factor in the update, beside the learning rate; 0.0.
        weight_decay: Schedule = 0.0,
        /// Only those parameters decay for whose path it is true; all.
        mask: Option<Mask>,
    }
}

impl From<Lamb> for Optimizer {
    fn from(options: Lamb) -> Self {
        let Lamb { learning_rate, b1, b2, eps, eps_root, weight_decay, mask } = options;
        let moments = ScaleByAdam::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root);
        let decay = AddDecayedWeights::new(weight_decay).masked_by(mask);
        alias(
            "lamb",
            [moments.into(), decay.into(), scale_by_trust_ratio(), scale_by_learning_rate(learning_rate)],
        )
    }
}
