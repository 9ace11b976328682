//! Multiplication by a constant.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Multiplies the updates by `factor` (optax's `scale`).
#[must_use]
pub fn scale(factor: impl Into<Hyperparam>) -> Optimizer {
    Optimizer::new(Scale { factor: factor.into() })
}

#[derive(Debug)]
struct Scale {
    factor: Hyperparam,
}

impl GradientTransformation for Scale {
    fn check(&self) -> Result<()> {
        self.factor.check("scale", "factor", Range::Finite)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        Ok((updates.map(|update| update * &self.factor), state.clone()))
    }
}
