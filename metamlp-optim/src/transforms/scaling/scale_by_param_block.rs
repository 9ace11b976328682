//! Scaling by the norm or the RMS of each parameter.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::norm::{norm_at_least, rms_at_least};
use crate::optimizer::Optimizer;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::{GradientTransformation, needed};

/// Multiplies each update by the norm of its parameter, at least `min_scale` (optax's
/// `scale_by_param_block_norm`, default there: 1e-3).
///
/// Needs `params` in [`Optimizer::update`].
#[must_use]
pub fn scale_by_param_block_norm(min_scale: impl Into<Hyperparam>) -> Optimizer {
    let (name, size) = ("scale_by_param_block_norm", norm_at_least as Size);
    Optimizer::new(ScaleByParamBlock { name, size, min_scale: min_scale.into() })
}

/// Multiplies each update by the RMS of its parameter, at least `min_scale` (optax's
/// `scale_by_param_block_rms`, default there: 1e-3).
///
/// Needs `params` in [`Optimizer::update`].
#[must_use]
pub fn scale_by_param_block_rms(min_scale: impl Into<Hyperparam>) -> Optimizer {
    let (name, size) = ("scale_by_param_block_rms", rms_at_least as Size);
    Optimizer::new(ScaleByParamBlock { name, size, min_scale: min_scale.into() })
}

type Size = fn(&Tensor, &Hyperparam) -> Tensor;

#[derive(Debug)]
struct ScaleByParamBlock {
    name: &'static str,
    size: Size,
    min_scale: Hyperparam,
}

impl GradientTransformation for ScaleByParamBlock {
    fn check(&self) -> Result<()> {
        self.min_scale.check(self.name, "min_scale", Range::NotNegative)
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let params = needed(params, self.name)?;
        let scaled = updates.zip_map(params, |update, param| {
            let size = (self.size)(param, &self.min_scale);
            (widened(update) * size).convert(update.dtype())
        });
        Ok((scaled, state.clone()))
    }
}
