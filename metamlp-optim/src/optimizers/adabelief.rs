//! Adam that believes in steady gradients.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByBelief, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// AdaBelief (optax's `adabelief`): large steps where the gradient is what it was
    /// on average.
    ///
    /// Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients" (2020).
    pub struct AdaBelief(learning_rate: Schedule) as adabelief -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean squared distance stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-16.
        eps: Hyperparam = 1e-16,
        /// Added to the mean squared distance in each step; 1e-16.
        eps_root: Hyperparam = 1e-16,
        /// Whether momentum looks a step ahead (Dozat, "Incorporating Nesterov momentum into Adam", 2016); false.
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
