//! Non-negative parameters.

use metamlp_tensor::Result;

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::{GradientTransformation, needed};

/// Changes the updates so that a parameter that would become negative becomes 0 (optax's
/// `keep_params_nonnegative`). Put it last in a chain: a later transformation could undo it.
///
/// Needs `params` in [`Optimizer::update`].
///
/// ```
/// use metamlp_tensor::Tensor;
/// use metamlp_optim::{apply_updates, chain, keep_params_nonnegative, sgd};
/// let optimizer = chain([sgd(1.0), keep_params_nonnegative()]);
/// let (params, grads) = (Tensor::scalar(0.5f32), Tensor::scalar(2.0f32));
/// let (updates, _) = optimizer.update(&grads, &optimizer.init(&params), Some(&params))?;
/// assert_eq!(apply_updates(&params, &updates)?.item::<f32>()?, 0.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn keep_params_nonnegative() -> Optimizer {
    Optimizer::new(KeepParamsNonnegative)
}

#[derive(Debug)]
struct KeepParamsNonnegative;

impl GradientTransformation for KeepParamsNonnegative {
    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let params = needed(params, "keep_params_nonnegative")?;
        let cut =
            updates.zip_map(params, |update, param| (param + update).less(0).select(param.negate(), update));
        Ok((cut, state.clone()))
    }
}
