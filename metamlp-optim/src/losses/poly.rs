//! Poly loss.

use metamlp_tensor::{Error, Tensor};

use super::{softmax_cross_entropy, unlike, widened_pair};

/// [`poly_loss_cross_entropy_with_epsilon`] with `epsilon` 2.
#[track_caller]
#[must_use]
pub fn poly_loss_cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    poly_loss_cross_entropy_with_epsilon(logits, labels, 2.0)
}

/// [`softmax_cross_entropy`] plus `epsilon` times the probability that is not on the labels, over the
/// last axis: `[.., classes]` to `[..]` (optax's `poly_loss_cross_entropy`).
///
/// Leng et al., "PolyLoss: a polynomial expansion perspective of classification loss functions" (2022).
#[track_caller]
#[must_use]
pub fn poly_loss_cross_entropy_with_epsilon(logits: &Tensor, labels: &Tensor, epsilon: f64) -> Tensor {
    let op = "poly_loss_cross_entropy";
    if let Some(refusal) = unlike(op, ("logits", logits), ("labels", labels)) {
        return refusal;
    }
    if !epsilon.is_finite() {
        return logits.poisoned_like(Error::argument(op, "epsilon", epsilon, "a finite number"));
    }
    let (logits, labels, dtype) = widened_pair(logits, labels);
    let missing = (&labels * (1.0 - logits.softmax(-1))).sum([-1]);
    (softmax_cross_entropy(&logits, &labels) + missing * epsilon).convert(dtype)
}
