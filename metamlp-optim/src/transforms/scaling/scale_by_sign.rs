//! The direction of each element alone.

use metamlp_tensor::{Result, Tensor};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Puts -1, 0 or 1 in the place of each element of the updates, by its sign.
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
