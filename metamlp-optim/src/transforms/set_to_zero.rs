//! Zero updates.

use metamlp_tensor::{Result, Tensor};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Replaces each update by 0 (optax's `set_to_zero`), for the frozen parameters of
/// [`partition`](crate::partition) for instance.
#[must_use]
pub fn set_to_zero() -> Optimizer {
    Optimizer::new(SetToZero)
}

#[derive(Debug)]
struct SetToZero;

impl GradientTransformation for SetToZero {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        Ok((updates.map(Tensor::zeros_like), state.clone()))
    }
}
