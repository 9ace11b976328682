//! AdaDelta.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{AddDecayedWeights, ScaleByAdadelta, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// AdaDelta (optax's `adadelta`): the step is proportional to the RMS of the previous steps. The
    /// paper's learning rate is 1.
    ///
    /// Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
    pub struct Adadelta(learning_rate: Schedule) as adadelta -> Optimizer {
        /// Decay of both mean squares, in [0, 1). Default: 0.9.
        rho: Hyperparam = 0.9,
        /// Added to both mean squares inside the square roots. Default: 1e-6.
        eps: Hyperparam = 1e-6,
        /// Weight decay: this factor times the parameters is added to the gradients. Default: 0.0.
        weight_decay: Schedule = 0.0,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
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
