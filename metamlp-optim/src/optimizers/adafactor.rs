//! Adafactor.

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
    /// Adafactor (optax's `adafactor`): RMSProp with factored mean squares for large matrices, which
    /// take the memory of one row and one column. With `multiply_by_parameter_scale` the learning rate
    /// is relative to the parameters; the paper's is 1.
    ///
    /// Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018).
    pub struct Adafactor(learning_rate: Schedule) as adafactor -> Optimizer {
        /// Factor a parameter only if its two largest axes have at least this extent. Default: 128.
        min_dim_size_to_factor: usize = 128,
        /// The weight of step `t` in the mean is `t^-decay_rate`. Default: 0.8.
        decay_rate: Hyperparam = 0.8,
        /// Step at which this training (a fine-tuning, for instance) starts; it counts as step 0. Default: 0.
        decay_offset: u32 = 0,
        /// Multiply each update by the RMS of its parameter. Default: true.
        multiply_by_parameter_scale: bool = true,
        /// Upper bound of the RMS of an update; infinity disables it. Default: 1.0.
        clipping_threshold: Hyperparam = 1.0,
        /// Decay of the mean of the updates, in [0, 1). Default: no momentum.
        momentum: Option<Hyperparam>,
        /// Weight decay, not multiplied by the learning rate. Default: no decay.
        weight_decay_rate: Option<Hyperparam>,
        /// Added to the squared gradients. Default: 1e-30.
        eps: Hyperparam = 1e-30,
        /// Keep factored mean squares for parameters with two large axes. Default: true.
        factored: bool = true,
        /// Predicate on a parameter's path: true where weight decay applies. Default: every parameter.
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
