//! Yogi.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByYogi, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Yogi (optax's `yogi`): Adam with a slowly changing mean square.
    ///
    /// Zaheer et al., "Adaptive methods for nonconvex optimization" (2018).
    pub struct Yogi(learning_rate: Schedule) as yogi -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-3.
        eps: Hyperparam = 1e-3,
    }
}

impl From<Yogi> for Optimizer {
    fn from(options: Yogi) -> Self {
        let Yogi { learning_rate, b1, b2, eps } = options;
        alias(
            "yogi",
            [ScaleByYogi::new().b1(b1).b2(b2).eps(eps).into(), scale_by_learning_rate(learning_rate)],
        )
    }
}
