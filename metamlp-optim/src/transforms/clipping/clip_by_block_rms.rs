//! Clipping by the RMS of each parameter's update.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Scales each parameter's update down to an RMS of at most `threshold` (optax's `clip_by_block_rms`).
///
/// Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost" (2018).
#[must_use]
pub fn clip_by_block_rms(threshold: impl Into<Hyperparam>) -> Optimizer {
    Optimizer::new(ClipByBlockRms { threshold: threshold.into() })
}

#[derive(Debug)]
struct ClipByBlockRms {
    threshold: Hyperparam,
}

impl GradientTransformation for ClipByBlockRms {
    fn check(&self) -> Result<()> {
        self.threshold.check("clip_by_block_rms", "threshold", Range::Positive)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let clipped = updates.map(|update| {
            let wide = widened(update);
            let rms = wide.square().mean_all().sqrt();
            (wide / (rms / &self.threshold).maximum(1.0)).convert(update.dtype())
        });
        Ok((clipped, state.clone()))
    }
}
