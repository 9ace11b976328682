//! Hinge loss.

use metamlp_tensor::Tensor;

use super::unlike;

/// `max(0, 1 - predictor_outputs · targets)` per element; the targets are -1 or 1 (optax's
/// `hinge_loss`).
///
/// ```
/// use metamlp_optim::losses::hinge_loss;
/// use metamlp_tensor::Tensor;
/// let outputs = Tensor::from_vec([2], vec![2.0f32, 0.5]);
/// assert_eq!(hinge_loss(&outputs, &Tensor::from_vec([2], vec![1, -1])).to_vec::<f32>()?, [0.0, 1.5]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn hinge_loss(predictor_outputs: &Tensor, targets: &Tensor) -> Tensor {
    match unlike("hinge_loss", ("predictor_outputs", predictor_outputs), ("targets", targets)) {
        Some(refusal) => refusal,
        None => (1.0 - predictor_outputs * targets).maximum(0.0),
    }
}
