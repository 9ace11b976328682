//! Descent for large batches.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByTrustRatio, Trace, scale_by_learning_rate};
use crate::wrappers::{alias, masked_by};

options! {
    /// LARS (optax's `lars`): momentum on steps that are, for each parameter, in proportion to
    /// its length.
    ///
    /// You, Gitman and Ginsburg, "Large batch training of convolutional networks" (2017).
    pub struct Lars(learning_rate: Schedule) as lars -> Optimizer {
        /// The parameters' factor beside the gradient; 0.
        weight_decay: Schedule = 0.0,
        /// Only those parameters decay for whose path it is true; all.
        weight_decay_mask: Option<Mask>,
        /// The step's length over the parameter's, before the learning rate; 1e-3.
        trust_coefficient: Hyperparam = 1e-3,
        /// Added to the length of the gradient; 0.
        eps: Hyperparam = 0.0,
        /// Only the steps of those parameters are scaled for whose path it is true; all.
        trust_ratio_mask: Option<Mask>,
        /// How much of the last step's direction stays, in [0, 1); 0.9.
        momentum: Hyperparam = 0.9,
        /// Whether momentum looks a step ahead; false.
        nesterov: bool = false,
    }
}

impl From<Lars> for Optimizer {
    fn from(options: Lars) -> Self {
        let decay = AddDecayedWeights::new(options.weight_decay).masked_by(options.weight_decay_mask);
        let ratio = ScaleByTrustRatio::new().trust_coefficient(options.trust_coefficient).eps(options.eps);
        let parts = [
            decay.into(),
            masked_by(ratio.into(), options.trust_ratio_mask),
            scale_by_learning_rate(options.learning_rate),
            Trace::new(options.momentum).nesterov(options.nesterov).into(),
        ];
        alias("lars", parts)
    }
}
