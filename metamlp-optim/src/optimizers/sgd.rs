//! Stochastic gradient descent.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{Trace, identity, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Stochastic gradient descent (optax's `sgd`): the update is minus the learning rate times the
    /// gradient or its momentum.
    ///
    /// Robbins and Monro, "A stochastic approximation method" (1951).
    ///
    /// ```
    /// use metamlp_optim::{Optimizer, Sgd};
    /// let optimizer: Optimizer = Sgd::new(0.1).momentum(0.9).nesterov(true).into();
    /// ```
    pub struct Sgd(learning_rate: Schedule) as sgd -> Optimizer {
        /// Decay of the momentum ([`Trace`]), in [0, 1). Default: no momentum.
        momentum: Option<Hyperparam>,
        /// Use Nesterov momentum. Default: false.
        nesterov: bool = false,
    }
}

impl From<Sgd> for Optimizer {
    fn from(options: Sgd) -> Self {
        let momentum = match options.momentum {
            Some(momentum) => Trace::new(momentum).nesterov(options.nesterov).into(),
            None => identity(),
        };
        alias("sgd", [momentum, scale_by_learning_rate(options.learning_rate)])
    }
}
