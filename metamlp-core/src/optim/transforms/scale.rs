//! Multiplication by a number.

use metamlp_tensor::Result;

use crate::optim::hyperparam::{Hyperparam, Range};
use crate::optim::leaves::Leaves;
use crate::optim::optimizer::Optimizer;
use crate::optim::state::State;
use crate::optim::transformation::GradientTransformation;

/// Multiplies the updates by `factor`.
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
