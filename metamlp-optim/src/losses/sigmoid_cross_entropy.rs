//! Binary cross-entropy.

use metamlp_tensor::Tensor;

use super::log_add::log_add;
use super::unlike;

/// `-labels · ln(p) - (1 - labels) · ln(1 - p)` with `p = sigmoid(logits)`, per element (optax's
/// `sigmoid_binary_cross_entropy`).
///
/// Labels are probabilities, or 0 and 1 of any dtype; classes are independent.
///
/// ```
/// use metamlp_optim::losses::sigmoid_binary_cross_entropy;
/// use metamlp_tensor::Tensor;
/// let logits = Tensor::from_vec([2], vec![0.0f32, 200.0]);
/// let loss = sigmoid_binary_cross_entropy(&logits, &Tensor::from_vec([2], vec![1, 0]));
/// assert_eq!(loss.to_vec::<f32>()?, [2.0f32.ln(), 200.0]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn sigmoid_binary_cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    if let Some(refusal) = unlike("sigmoid_binary_cross_entropy", ("logits", logits), ("labels", labels)) {
        return refusal;
    }
    let labels = labels.convert(logits.dtype());
    let zero = Tensor::zeros([], logits.dtype());
    let (log_p, log_not_p) = (-log_add(&-logits, &zero), -log_add(logits, &zero));
    -(&labels * log_p) - (1.0 - &labels) * log_not_p
}
