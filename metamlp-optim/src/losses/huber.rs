//! Huber loss.

use metamlp_tensor::{Error, Tensor};

use super::unlike;

/// [`huber_loss_with_delta`] with `delta` 1.
///
/// ```
/// use metamlp_optim::losses::huber_loss;
/// use metamlp_tensor::Tensor;
/// let predictions = Tensor::from_vec([2], vec![0.5f32, 3.0]);
/// assert_eq!(huber_loss(&predictions, &predictions.zeros_like()).to_vec::<f32>()?, [0.125, 2.5]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn huber_loss(predictions: &Tensor, targets: &Tensor) -> Tensor {
    huber_loss_with_delta(predictions, targets, 1.0)
}

/// `error² / 2` where `|error| ≤ delta`, linear beyond, per element (optax's `huber_loss`).
/// `delta` is positive.
///
/// Huber, "Robust estimation of a location parameter" (1964).
#[track_caller]
#[must_use]
pub fn huber_loss_with_delta(predictions: &Tensor, targets: &Tensor, delta: f64) -> Tensor {
    if let Some(refusal) = unlike("huber_loss", ("predictions", predictions), ("targets", targets)) {
        return refusal;
    }
    if !(delta > 0.0 && delta.is_finite()) {
        return predictions.poisoned_like(Error::argument(
            "huber_loss",
            "delta",
            delta,
            "a positive finite number",
        ));
    }
    let error = predictions - targets;
    let size = error.abs();
    let is_small = size.less_equal(delta);
    // Not `minimum`, of which only half counts where both are equal, nor `abs`, whose second derivative
    // at 0 is 0. The other order of the branches would lose NaN.
    let quadratic = is_small.select(error, delta);
    let beyond = is_small.select(Tensor::zeros([], size.dtype()), size - delta);
    quadratic.square() * 0.5 + beyond * delta
}
