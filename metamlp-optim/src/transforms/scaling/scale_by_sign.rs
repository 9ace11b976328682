//! The signs of the updates.

use metamlp_tensor::{Result, Tensor};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Replaces each element of the updates by its sign: -1, 0 or 1 (optax's `scale_by_sign`).
#[must_use]
pub fn scale_by_sign() -> Optimizer {
    Optimizer::new(ScaleBySign)
}

#[derive(Debug)]
struct ScaleBySign;

impl GradientTransformation for ScaleBySign {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        Ok((updates.map(Tensor::sign), state.clone()))
    }
}
