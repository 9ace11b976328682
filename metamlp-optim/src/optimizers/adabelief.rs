//! AdaBelief.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByBelief, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// AdaBelief (optax's `adabelief`): Adam with the variance of the gradients in place of their mean
    /// square.
    ///
    /// Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients" (2020).
    pub struct AdaBelief(learning_rate: Schedule) as adabelief -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean squared distance from that mean, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-16.
        eps: Hyperparam = 1e-16,
        /// Added to the mean squared distance in each step. Default: 1e-16.
        eps_root: Hyperparam = 1e-16,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
        nesterov: bool = false,
    }
}

impl From<AdaBelief> for Optimizer {
    fn from(options: AdaBelief) -> Self {
        let AdaBelief { learning_rate, b1, b2, eps, eps_root, nesterov } = options;
        let moments = ScaleByBelief::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root).nesterov(nesterov);
        alias("adabelief", [moments.into(), scale_by_learning_rate(learning_rate)])
    }
}
