//! The trait of gradient transformations.

use std::fmt::Debug;

use metamlp_tensor::{Error, Result};

use crate::leaves::Leaves;
use crate::state::State;

/// A function from gradients to updates with a state (optax's `GradientTransformation`).
///
/// It sees the float tensors of the trees as [`Leaves`] of equal structure. It evaluates nothing: the
/// [`Optimizer`](crate::Optimizer) that holds it evaluates the results.
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
    /// Checks the hyper-parameters; called before each [`update`](GradientTransformation::update).
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for one out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The state before the first step. Default: empty.
    fn init(&self, params: &Leaves) -> State {
        let _ = params;
        State::empty()
    }

    /// Returns the updates for the next transformation and the next state.
    ///
    /// # Errors
    /// For a `state` of another transformation, or missing `params`.
    /// [`Optimizer::update`](crate::Optimizer::update) replaces the line in the error by that of its
    /// caller.
    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)>;
}

/// The parameters, or an error if they are missing and `op` needs them.
pub(super) fn needed<'a>(params: Option<&'a Leaves>, op: &'static str) -> Result<&'a Leaves> {
    let expected = "the parameters, as in update(&grads, &state, Some(&params))";
    params.ok_or_else(|| Error::argument(op, "params", "None", expected))
}
