//! The identity transformation.

use metamlp_tensor::Result;

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Returns the updates unchanged (optax's `identity`).
#[must_use]
pub fn identity() -> Optimizer {
    Optimizer::new(Identity)
}

#[derive(Debug)]
struct Identity;

impl GradientTransformation for Identity {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        Ok((updates, state.clone()))
    }
}
