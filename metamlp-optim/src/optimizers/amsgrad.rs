//! Adam that never lengthens its step.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByAmsgrad, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// Adam with the largest mean square so far (optax's `amsgrad`).
    ///
    /// Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).
    pub struct Amsgrad(learning_rate: Schedule) as amsgrad -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added to the mean square below the root, for gradients through the update; 0.0.
        eps_root: Hyperparam = 0.0,
        /// Whether the mean of the gradients is corrected for its start at 0; true.
        bias_correction_mu: bool = true,
        /// Whether the mean of their squares is corrected before the largest is taken; true.
        bias_correction_nu: bool = true,
    }
}

impl From<Amsgrad> for Optimizer {
    fn from(options: Amsgrad) -> Self {
        let Amsgrad { learning_rate, b1, b2, eps, eps_root, bias_correction_mu, bias_correction_nu } =
            options;
        let moments = ScaleByAmsgrad::new().b1(b1).b2(b2).eps(eps).eps_root(eps_root);
        let moments = moments.bias_correction_mu(bias_correction_mu).bias_correction_nu(bias_correction_nu);
        alias("amsgrad", [moments.into(), scale_by_learning_rate(learning_rate)])
    }
}
