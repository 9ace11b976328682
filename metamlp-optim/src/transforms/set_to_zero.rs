//! No updates.

use metamlp_tensor::{Result, Tensor};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Puts 0 in the place of every update, so that the parameters stay: what to give
/// [`partition`](crate::partition) for those that are not trained.
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
