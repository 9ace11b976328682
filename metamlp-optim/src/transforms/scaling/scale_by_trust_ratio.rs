//! Scaling by the trust ratio.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::norm::norm_at_least;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::{GradientTransformation, needed};

options! {
    /// Multiplies each update by the trust ratio, the norm of its parameter divided by the norm of the
    /// update (optax's `scale_by_trust_ratio`). The ratio is 1 if one of the norms is 0.
    ///
    /// Needs `params` in [`Optimizer::update`].
    ///
    /// You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020).
    pub struct ScaleByTrustRatio() as scale_by_trust_ratio -> Optimizer {
        /// Lower bound of both norms. Default: 0.0.
        min_norm: Hyperparam = 0.0,
        /// Factor of the ratio. Default: 1.0.
        trust_coefficient: Hyperparam = 1.0,
        /// Added to the norm of the update. Default: 0.0.
        eps: Hyperparam = 0.0,
    }
}

impl GradientTransformation for ScaleByTrustRatio {
    fn check(&self) -> Result<()> {
        let op = "scale_by_trust_ratio";
        self.min_norm.check(op, "min_norm", Range::NotNegative)?;
        self.trust_coefficient.check(op, "trust_coefficient", Range::NotNegative)?;
        self.eps.check(op, "eps", Range::NotNegative)
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let params = needed(params, "scale_by_trust_ratio")?;
        let scaled = updates.zip_map(params, |update, param| {
            let param_norm = norm_at_least(param, &self.min_norm);
            let update_norm = norm_at_least(update, &self.min_norm);
            let is_zero = param_norm.equal(0.0).or(update_norm.equal(0.0));
            let ratio = param_norm * &self.trust_coefficient / (update_norm + &self.eps);
            let ratio = is_zero.select(Tensor::ones([], ratio.dtype()), ratio);
            (widened(update) * ratio).convert(update.dtype())
        });
        Ok((scaled, state.clone()))
    }
}
