//! AdamW and NAdamW.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdam, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adam with decoupled weight decay (optax's `adamw`): the update is minus the learning rate times
    /// the sum of Adam's step and `weight_decay` times the parameters.
    ///
    /// Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
    ///
    /// ```
    /// use metamlp_optim::{AdamW, Optimizer};
    /// let optimizer: Optimizer =
    ///     AdamW::new(1e-3).weight_decay(0.1).mask(|path| !path.to_string().ends_with("bias")).into();
    /// ```
    pub struct AdamW(learning_rate: Schedule) as adamw -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
        nesterov: bool = false,
        /// Decoupled weight decay, multiplied by the learning rate. Default: 1e-4.
        weight_decay: Schedule = 1e-4,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
        mask: Option<Mask>,
    }
}

impl From<AdamW> for Optimizer {
    fn from(options: AdamW) -> Self {
        let AdamW { learning_rate, b1, b2, eps, eps_root, nesterov, weight_decay, mask } = options;
        let moments = ScaleByAdam::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root).nesterov(nesterov);
        let decay = AddDecayedWeights::new(weight_decay).masked_by(mask);
        alias("adamw", [moments.into(), decay.into(), scale_by_learning_rate(learning_rate)])
    }
}

/// [`AdamW`] with Nesterov momentum (optax's `nadamw`).
#[must_use]
pub fn nadamw(learning_rate: impl Into<Schedule>) -> Optimizer {
    AdamW::new(learning_rate).nesterov(true).into()
}
