//! Gradient centralization.

use metamlp_tensor::Result;

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Subtracts from each update with two or more axes its mean over all axes but the first (optax's
/// `centralize`). Other updates are unchanged.
///
/// Yong et al., "Gradient centralization: a new optimization technique for deep neural networks" (2020).
#[must_use]
pub fn centralize() -> Optimizer {
    Optimizer::new(Centralize)
}

#[derive(Debug)]
struct Centralize;

impl GradientTransformation for Centralize {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let centralized = updates.map(|update| {
            if update.rank() < 2 {
                return update.clone();
            }
            let axes: Vec<isize> = (1..update.rank()).map(usize::cast_signed).collect();
            let wide = widened(update);
            (&wide - wide.mean_keepdims(axes)).convert(update.dtype())
        });
        Ok((centralized, state.clone()))
    }
}
