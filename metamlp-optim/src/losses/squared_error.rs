//! Squared error and L2 loss.

use metamlp_tensor::Tensor;

use super::unlike;

/// `(predictions - targets)²` per element (optax's `squared_error`).
///
/// ```
/// use metamlp_optim::losses::squared_error;
/// use metamlp_tensor::Tensor;
/// let loss = squared_error(&Tensor::scalar(3.0f32), &Tensor::scalar(1.0f32));
/// assert_eq!(loss.item::<f32>()?, 4.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn squared_error(predictions: &Tensor, targets: &Tensor) -> Tensor {
    match unlike("squared_error", ("predictions", predictions), ("targets", targets)) {
        Some(refusal) => refusal,
        None => (predictions - targets).square(),
    }
}

/// Half of [`squared_error`]; its gradient is the error (optax's `l2_loss`).
#[track_caller]
#[must_use]
pub fn l2_loss(predictions: &Tensor, targets: &Tensor) -> Tensor {
    match unlike("l2_loss", ("predictions", predictions), ("targets", targets)) {
        Some(refusal) => refusal,
        None => (predictions - targets).square() * 0.5,
    }
}
