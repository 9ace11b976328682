//! Clipping by the global norm.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::norm::norm_of_all;
use crate::optimizer::Optimizer;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Scales the updates down to a [`global_norm`](crate::global_norm) of at most `max_norm` (optax's
/// `clip_by_global_norm`).
///
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).
#[must_use]
pub fn clip_by_global_norm(max_norm: impl Into<Hyperparam>) -> Optimizer {
    Optimizer::new(ClipByGlobalNorm { max_norm: max_norm.into() })
}

#[derive(Debug)]
struct ClipByGlobalNorm {
    max_norm: Hyperparam,
}

impl GradientTransformation for ClipByGlobalNorm {
    fn check(&self) -> Result<()> {
        self.max_norm.check("clip_by_global_norm", "max_norm", Range::Positive)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let norm = norm_of_all(&updates);
        let is_short = norm.less(self.max_norm.tensor(norm.dtype()));
        let clipped = updates.map(|update| {
            let wide = widened(update);
            let scaled = &wide / norm.convert(wide.dtype()) * &self.max_norm;
            is_short.select(update, scaled.convert(update.dtype()))
        });
        Ok((clipped, state.clone()))
    }
}
