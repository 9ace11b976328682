//! Adam, plain and with Nesterov momentum.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByAdam, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adam (optax's `adam`).
    ///
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015).
    ///
    /// ```
    /// use metamlp_optim::{Adam, Optimizer};
    /// let optimizer: Optimizer = Adam::new(1e-3).b2(0.95).eps(1e-6).into();
    /// ```
    pub struct Adam(learning_rate: Schedule) as adam -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added to the mean square below the root, for gradients through the update; 0.0.
        eps_root: Hyperparam = 0.0,
        /// Whether momentum looks a step ahead (Dozat, "Incorporating Nesterov momentum into Adam", 2016); false.
        nesterov: bool = false,
    }
}

impl From<Adam> for Optimizer {
    fn from(options: Adam) -> Self {
        let Adam { learning_rate, b1, b2, eps, eps_root, nesterov } = options;
        let moments = ScaleByAdam::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root).nesterov(nesterov);
        alias("adam", [moments.into(), scale_by_learning_rate(learning_rate)])
    }
}

/// [`Adam`] with Nesterov momentum (optax's `nadam`).
///
/// Dozat, "Incorporating Nesterov momentum into Adam" (2016).
#[must_use]
pub fn nadam(learning_rate: impl Into<Schedule>) -> Optimizer {
    Adam::new(learning_rate).nesterov(true).into()
}
