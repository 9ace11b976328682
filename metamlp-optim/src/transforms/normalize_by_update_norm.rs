//! Normalization of the updates.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::norm::norm_of_all;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Divides the updates by their global norm (optax's `normalize_by_update_norm`).
    pub struct NormalizeByUpdateNorm() as normalize_by_update_norm -> Optimizer {
        /// Norm of the result. Default: 1.0.
        scale_factor: Hyperparam = 1.0,
        /// Added to the norm. Default: 1e-6.
        eps: Hyperparam = 1e-6,
    }
}

impl GradientTransformation for NormalizeByUpdateNorm {
    fn check(&self) -> Result<()> {
        self.scale_factor.check("normalize_by_update_norm", "scale_factor", Range::Finite)?;
        self.eps.check("normalize_by_update_norm", "eps", Range::NotNegative)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let norm = (norm_of_all(&updates) + &self.eps) / &self.scale_factor;
        let normalized = updates.map(|update| {
            let wide = widened(update);
            (&wide / norm.convert(wide.dtype())).convert(update.dtype())
        });
        Ok((normalized, state.clone()))
    }
}
