//! LAMB.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdam, scale_by_learning_rate, scale_by_trust_ratio};
use crate::wrappers::alias;

options! {
    /// LAMB (optax's `lamb`): Adam's step, scaled for each parameter by the trust ratio.
    ///
    /// You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020).
    pub struct Lamb(learning_rate: Schedule) as lamb -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-6.
        eps: Hyperparam = 1e-6,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Decoupled weight decay, multiplied by the learning rate. Default: 0.0.
        weight_decay: Schedule = 0.0,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
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
