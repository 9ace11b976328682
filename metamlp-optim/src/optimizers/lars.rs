//! LARS.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByTrustRatio, Trace, scale_by_learning_rate};
use crate::wrappers::{alias, masked_by};

options! {
    /// LARS (optax's `lars`): SGD with momentum, each parameter's step proportional to the parameter's
    /// norm.
    ///
    /// You, Gitman and Ginsburg, "Large batch training of convolutional networks" (2017).
    pub struct Lars(learning_rate: Schedule) as lars -> Optimizer {
        /// Weight decay: this factor times the parameters is added to the gradients. Default: 0.0.
        weight_decay: Schedule = 0.0,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
        weight_decay_mask: Option<Mask>,
        /// Ratio of the norm of an update to that of its parameter, before the learning rate. Default:
        /// 1e-3.
        trust_coefficient: Hyperparam = 1e-3,
        /// Added to the norm of the gradient. Default: 0.0.
        eps: Hyperparam = 0.0,
        /// Predicate on a parameter's path: true where the trust ratio applies. Default: every
        /// parameter.
        trust_ratio_mask: Option<Mask>,
        /// Decay of the momentum, in [0, 1). Default: 0.9.
        momentum: Hyperparam = 0.9,
        /// Use Nesterov momentum. Default: false.
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
