//! Clipping by value.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Clips each element of the updates to `[-max_delta, max_delta]` (optax's `clip`).
///
/// ```
/// use metamlp_tensor::Tensor;
/// use metamlp_optim::clip;
/// let grads = Tensor::from_vec([2], vec![0.5f32, -3.0]);
/// let (clipped, _) = clip(1.0).update(&grads, &clip(1.0).init(&grads), None)?;
/// assert_eq!(clipped.to_vec::<f32>()?, [0.5, -1.0]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn clip(max_delta: impl Into<Hyperparam>) -> Optimizer {
    Optimizer::new(Clip { max_delta: max_delta.into() })
}

#[derive(Debug)]
struct Clip {
    max_delta: Hyperparam,
}

impl GradientTransformation for Clip {
    fn check(&self) -> Result<()> {
        self.max_delta.check("clip", "max_delta", Range::Positive)
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let clipped = updates.map(|update| {
            let bound = self.max_delta.tensor(update.dtype());
            update.clamp(bound.negate(), bound)
        });
        Ok((clipped, state.clone()))
    }
}
