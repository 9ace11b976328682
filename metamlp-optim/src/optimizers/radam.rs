//! Adam that waits until it knows the variance.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByRadam, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Rectified Adam (optax's `radam`).
    ///
    /// Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    pub struct Radam(learning_rate: Schedule) as radam -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added to the mean square below the root, for gradients through the update; 0.0.
        eps_root: Hyperparam = 0.0,
        /// The length of the average from which the variance is trusted; 5.
        threshold: Hyperparam = 5.0,
        /// Whether momentum looks a step ahead (Dozat, "Incorporating Nesterov momentum into Adam", 2016); false.
        nesterov: bool = false,
    }
}

impl From<Radam> for Optimizer {
    fn from(options: Radam) -> Self {
        let Radam { learning_rate, b1, b2, eps, eps_root, threshold, nesterov } = options;
        let moments = ScaleByRadam::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root);
        alias(
            "radam",
            [moments.threshold(threshold).nesterov(nesterov).into(), scale_by_learning_rate(learning_rate)],
        )
    }
}
