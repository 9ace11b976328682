//! The interface of everything that can stand in a chain.

use std::fmt::Debug;

use metamlp_tensor::{Error, Result};

use crate::leaves::Leaves;
use crate::state::State;

/// A function from gradients to updates that may remember things: optax's
/// `GradientTransformation`.
///
/// It sees the float tensors of the trees only, as [`Leaves`] that match each
/// other, and computes nothing itself: the [`Optimizer`](crate::Optimizer) that
/// holds it evaluates what it returns.
///
/// ```
/// use metamlp_optim::{GradientTransformation, Leaves, Optimizer, State};
/// use metamlp_tensor::{Result, Tensor};
///
/// #[derive(Debug)]
/// struct SignDescent(f64);
///
/// impl GradientTransformation for SignDescent {
///     fn update(&self, updates: Leaves, state: &State, _: Option<&Leaves>) -> Result<(Leaves, State)> {
///         Ok((updates.map(|g| g.sign() * -self.0), state.clone()))
///     }
/// }
///
/// let optimizer = Optimizer::new(SignDescent(0.5));
/// let params = Tensor::scalar(3.0f32);
/// let (updates, _) = optimizer.update(&params, &optimizer.init(&params), None)?;
/// assert_eq!(updates.item::<f32>()?, -0.5);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
pub trait GradientTransformation: Debug + Send + Sync {
    /// Whether the hyper-parameters make sense; asked before each
    /// [`update`](GradientTransformation::update).
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for one out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The state before the first step; by default empty.
    fn init(&self, params: &Leaves) -> State {
        let _ = params;
        State::empty()
    }

    /// The updates to hand on and the state for the next step.
    ///
    /// # Errors
    /// A `state` of another transformation, or no `params` where they are
    /// needed. The line in the error is replaced by that of the caller of
    /// [`Optimizer::update`](crate::Optimizer::update).
    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)>;
}

/// The parameters, where the transformation called `op` can't do without.
pub(super) fn needed<'a>(params: Option<&'a Leaves>, op: &'static str) -> Result<&'a Leaves> {
    let expected = "the parameters, as in update(&grads, &state, Some(&params))";
    params.ok_or_else(|| Error::argument(op, "params", "None", expected))
}
