//! AMSGrad.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByAmsgrad, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// AMSGrad (optax's `amsgrad`): Adam with the largest mean square so far.
    ///
    /// Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).
    pub struct Amsgrad(learning_rate: Schedule) as amsgrad -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Correct the bias of the mean of the gradients. Default: true.
        bias_correction_mu: bool = true,
        /// Correct the bias of the mean square before the maximum is taken. Default: true.
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
