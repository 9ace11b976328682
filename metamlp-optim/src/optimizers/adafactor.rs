//! Descent with little memory.

use crate::hyperparam::Hyperparam;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::schedule::Schedule;
use crate::transforms::{
    AddDecayedWeights, Ema, ScaleByFactoredRms, clip_by_block_rms, scale, scale_by_param_block_rms,
    scale_up_by_learning_rate,
};
use crate::wrappers::alias;

options! {
    /// Adafactor (optax's `adafactor`): RMSProp whose mean squares take, for a large
    /// matrix, no more room than its rows and columns. With `multiply_by_parameter_scale`
    /// the learning rate is relative to the parameters; the method's own is 1 there.
    ///
    /// Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018).
    pub struct Adafactor(learning_rate: Schedule) as adafactor -> Optimizer {
        /// From which extent an axis is large; 128.
        min_dim_size_to_factor: usize = 128,
        /// The power with which the part of a step in the mean falls, `t^-rate`; 0.8.
        decay_rate: Hyperparam = 0.8,
        /// The step that counts as the first, for a training that goes on; 0.
        decay_offset: u32 = 0,
        /// Whether a step is in proportion to its parameter's root mean square; true.
        multiply_by_parameter_scale: bool = true,
        /// The root mean square to which a step is cut; 1. Infinity leaves it as it is.
        clipping_threshold: Hyperparam = 1.0,
        /// How much of the mean of the steps stays, in [0, 1); no momentum.
        momentum: Option<Hyperparam>,
        /// The parameters' factor in the update, the learning rate aside; no decay.
        weight_decay_rate: Option<Hyperparam>,
        /// Added to the squares; 1e-30.
        eps: Hyperparam = 1e-30,
        /// Whether parameters with two large axes keep less; true.
        factored: bool = true,
        /// Only those parameters decay for whose path it is true; all.
        weight_decay_mask: Option<Mask>,
    }
}

impl From<Adafactor> for Optimizer {
    fn from(options: Adafactor) -> Self {
        let rms = ScaleByFactoredRms::new()
            .factored(options.factored)
            .decay_rate(options.decay_rate)
            .step_offset(options.decay_offset)
            .min_dim_size_to_factor(options.min_dim_size_to_factor)
            .epsilon(options.eps);
        let mut parts = vec![
            rms.into(),
            clip_by_block_rms(options.clipping_threshold),
            scale_up_by_learning_rate(options.learning_rate),
        ];
        if options.multiply_by_parameter_scale {
            parts.push(scale_by_param_block_rms(1e-3));
        }
        if let Some(momentum) = options.momentum {
            parts.push(Ema::new(momentum).debias(false).into());
        }
        if let Some(rate) = options.weight_decay_rate {
            parts.push(AddDecayedWeights::new(rate).masked_by(options.weight_decay_mask).into());
        }
        parts.push(scale(-1.0));
        alias("adafactor", parts)
    }
}
