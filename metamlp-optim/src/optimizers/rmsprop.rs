//! RMSProp.

use crate::hyperparam::Hyperparam;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{ScaleByRms, ScaleByStddev, Trace, identity, scale_by_learning_rate};
use crate::wrappers::alias;

options! {
    /// RMSProp (optax's `rmsprop`): the gradients divided by the root of the mean of their squares,
    /// then momentum.
    ///
    /// Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning" (2012).
    ///
    /// ```
    /// use metamlp_optim::{Optimizer, RmsProp};
    /// let optimizer: Optimizer = RmsProp::new(1e-3).centered(true).momentum(0.9).into();
    /// ```
    pub struct RmsProp(learning_rate: Schedule) as rmsprop -> Optimizer {
        /// Decay of the mean square, in [0, 1). Default: 0.9.
        decay: Hyperparam = 0.9,
        /// Added to the mean square, or to its square root (see `eps_in_sqrt`). Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Initial value of the mean square. Default: 0.0.
        initial_scale: Hyperparam = 0.0,
        /// Add `eps` inside the square root. Default: true.
        eps_in_sqrt: bool = true,
        /// Divide by the standard deviation of the gradients instead of their RMS. Default: false.
        centered: bool = false,
        /// Decay of the momentum, in [0, 1). Default: no momentum.
        momentum: Option<Hyperparam>,
        /// Use Nesterov momentum. Default: false.
        nesterov: bool = false,
        /// Correct the bias of the means. Default: false.
        bias_correction: bool = false,
    }
}

impl From<RmsProp> for Optimizer {
    fn from(options: RmsProp) -> Self {
        let RmsProp { learning_rate, decay, eps, initial_scale, eps_in_sqrt, bias_correction, .. } = options;
        let scaled: Self = if options.centered {
            let stddev = ScaleByStddev::new().decay(decay).eps(eps).initial_scale(initial_scale);
            stddev.eps_in_sqrt(eps_in_sqrt).bias_correction(bias_correction).into()
        } else {
            let rms = ScaleByRms::new().decay(decay).eps(eps).initial_scale(initial_scale);
            rms.eps_in_sqrt(eps_in_sqrt).bias_correction(bias_correction).into()
        };
        let momentum = match options.momentum {
            Some(momentum) => Trace::new(momentum).nesterov(options.nesterov).into(),
            None => identity(),
        };
        alias("rmsprop", [scaled, scale_by_learning_rate(learning_rate), momentum])
    }
}
