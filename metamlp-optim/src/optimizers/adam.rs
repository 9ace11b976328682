//! Adam and NAdam.

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
