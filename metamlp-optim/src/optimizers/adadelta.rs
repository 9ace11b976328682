//! Descent in units of the parameters.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdadelta, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adadelta (optax's `adadelta`): steps as large as those so far. The method's own
    /// learning rate is 1.
    ///
    /// Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
    pub struct Adadelta(learning_rate: Schedule) as adadelta -> Optimizer {
        /// How much of the mean squares stays in a step, in [0, 1); 0.9.
        rho: Hyperparam = 0.9,
        /// Added to the mean squares below the roots; 1e-6.
        eps: Hyperparam = 1e-6,
        /// The parameters' factor beside the gradient; 0.
        weight_decay: Schedule = 0.0,
        /// Only those parameters decay for whose path it is true; all.
        weight_decay_mask: Option<Mask>,
    }
}

impl From<Adadelta> for Optimizer {
    fn from(options: Adadelta) -> Self {
        let Adadelta { learning_rate, rho, eps, weight_decay, weight_decay_mask } = options;
        let decay = AddDecayedWeights::new(weight_decay).masked_by(weight_decay_mask);
        alias(
            "adadelta",
            [
                decay.into(),
                ScaleByAdadelta::new().rho(rho).eps(eps).into(),
                scale_by_learning_rate(learning_rate),
            ],
        )
    }
}
