//! Replacement of NaN in the updates.

use metamlp_tensor::{BOOL, Result, Tensor};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Replaces each NaN in the updates by 0 (optax's `zero_nans`).
///
/// State: `found_nan`, `bool[]` per parameter: true if its last update had a NaN.
#[must_use]
pub fn zero_nans() -> Optimizer {
    Optimizer::new(ZeroNans)
}

#[derive(Debug)]
struct ZeroNans;

impl GradientTransformation for ZeroNans {
    fn init(&self, params: &Leaves) -> State {
        State::fields([("found_nan", params.map(|_| Tensor::full([], false, BOOL)).into())])
    }

    fn update(&self, updates: Leaves, _state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        // Only NaN differs from itself.
        let is_nan = |update: &Tensor| update.not_equal(update);
        let found = updates.map(|update| is_nan(update).any_all());
        let updates = updates.map(|update| is_nan(update).select(0, update));
        Ok((updates, State::fields([("found_nan", found.into())])))
    }
}
