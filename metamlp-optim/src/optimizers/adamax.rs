//! Adamax and AdamaxW.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdamax, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adamax (optax's `adamax`): Adam with the maximum norm in place of the Euclidean one.
    ///
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 7.1.
    pub struct Adamax(learning_rate: Schedule) as adamax -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the largest absolute gradient, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the absolute gradient. Default: 1e-8.
        eps: Hyperparam = 1e-8,
    }
}

impl From<Adamax> for Optimizer {
    fn from(options: Adamax) -> Self {
        let Adamax { learning_rate, b1, b2, eps } = options;
        alias(
            "adamax",
            [ScaleByAdamax::new().b1(b1).b2(b2).eps(eps).into(), scale_by_learning_rate(learning_rate)],
        )
    }
}

options! {
    /// [`Adamax`] with decoupled weight decay (optax's `adamaxw`).
    pub struct AdamaxW(learning_rate: Schedule) as adamaxw -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the largest absolute gradient, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the absolute gradient. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Decoupled weight decay, multiplied by the learning rate. Default: 1e-4.
        weight_decay: Schedule = 1e-4,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
        mask: Option<Mask>,
    }
}

impl From<AdamaxW> for Optimizer {
    fn from(options: AdamaxW) -> Self {
        let AdamaxW { learning_rate, b1, b2, eps, weight_decay, mask } = options;
        let moments = ScaleByAdamax::new().b1(b1).b2(b2).eps(eps);
        let decay = AddDecayedWeights::new(weight_decay).masked_by(mask);
        alias("adamaxw", [moments.into(), decay.into(), scale_by_learning_rate(learning_rate)])
    }
}
