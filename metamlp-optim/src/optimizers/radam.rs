//! Rectified Adam.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByRadam, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Rectified Adam (optax's `radam`): Adam without its adaptive step size while the variance is not
    /// tractable.
    ///
    /// Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    pub struct Radam(learning_rate: Schedule) as radam -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Rectify the step from this length of the moving average on. Default: 5.
        threshold: Hyperparam = 5.0,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
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
