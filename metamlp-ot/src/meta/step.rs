//! The compiled functions of the learned initializer: a training step and a
//! prediction.

use std::sync::Arc;

use metamlp::{Tensor, TrainState, Variables, jit, value_and_grad_with_aux};

use metamlp_tensor::Source;

use crate::error::Error;
use crate::meta::dual_objective::DualObjective;
use crate::meta::potential_model::PotentialModel;

/// Maps a state and weights `a` and `b` to the mean loss, the potentials and the next state.
pub(super) type TrainStep = Box<
    dyn Fn(TrainState, Tensor, Tensor) -> metamlp_tensor::Result<(Tensor, Tensor, TrainState)> + Send + Sync,
>;
/// Maps variables and weights `a` and `b` to potentials.
pub(super) type Prediction =
    Box<dyn Fn(Variables, Tensor, Tensor) -> metamlp_tensor::Result<Tensor> + Send + Sync>;

/// A step of the optimizer. The gradient of the loss with respect to `f` has a
/// closed form, so only the network is differentiated.
pub(super) fn train_step<M: PotentialModel + 'static>(model: Arc<M>, objective: DualObjective) -> TrainStep {
    jit(move |state: TrainState, a: Tensor, b: Tensor| {
        let ((_, (loss, f)), grads) = value_and_grad_with_aux(&state.params, |params| {
            let f = potential(&*model, &state.variables(params), &a, &b)?;
            let constant = f.stop_gradient();
            let (losses, residual) = objective.loss_and_residual(&constant, &a, &b);
            // Not the loss, but it has the same gradient.
            let surrogate = (residual / losses.size() as f64 * f).sum_all();
            Ok((surrogate, (losses.mean_all(), constant)))
        })?;
        Ok((loss, f, state.apply_gradients(&grads)?))
    })
}

/// The potentials of the network.
pub(super) fn prediction<M: PotentialModel + 'static>(model: Arc<M>) -> Prediction {
    jit(move |variables: Variables, a: Tensor, b: Tensor| potential(&*model, &variables, &a, &b))
}

fn potential<M: PotentialModel>(
    model: &M,
    variables: &Variables,
    a: &Tensor,
    b: &Tensor,
) -> metamlp_tensor::Result<Tensor> {
    let f = model.apply(variables, (), |model| model.potential(a, b))?;
    if f.shape() != a.shape() {
        let expected = format!("{:?}, the shape of a", a.shape());
        return Err(Error::Shape {
            name: "the model's potential",
            found: f.shape().to_vec(),
            expected,
            at: Source::here(),
        }
        .into());
    }
    Ok(f)
}
