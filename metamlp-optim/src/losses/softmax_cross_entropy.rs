//! Cross-entropy over classes.

use metamlp_tensor::{Error, I32, Tensor};

use super::{not_float, unlike, widened_pair};
use crate::precision::widened;

/// `-sum(labels · ln(softmax(logits)))` over the last axis: `[.., classes]` to `[..]`.
///
/// Labels are probabilities of the classes. A class with label 0 and logit -inf contributes 0 (optax's
/// `safe_softmax_cross_entropy`).
///
/// ```
/// use metamlp_optim::losses::softmax_cross_entropy;
/// use metamlp_tensor::Tensor;
/// let logits = Tensor::from_vec([3], vec![0.0f32, 0.0, f32::NEG_INFINITY]);
/// let labels = Tensor::from_vec([3], vec![0.5f32, 0.5, 0.0]);
/// assert_eq!(softmax_cross_entropy(&logits, &labels).item::<f32>()?, 2.0f32.ln());
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn softmax_cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    if let Some(refusal) = unlike("softmax_cross_entropy", ("logits", logits), ("labels", labels)) {
        return refusal;
    }
    let (logits, labels, dtype) = widened_pair(logits, labels);
    let log_p = logits.log_softmax(-1);
    let is_void = labels.equal(0.0).and(log_p.equal(f64::NEG_INFINITY));
    let zero = Tensor::zeros([], log_p.dtype());
    -(labels * is_void.select(zero, log_p)).sum([-1]).convert(dtype)
}

/// `-ln(softmax(logits)[label])` along the last axis: logits `[.., classes]` and integer labels `[..]`
/// to `[..]`.
///
/// Labels in `-classes..0` count from the end; a label outside of `-classes..classes` gives NaN, as in
/// optax.
///
/// ```
/// use metamlp_optim::losses::softmax_cross_entropy_with_integer_labels;
/// use metamlp_tensor::{F32, Tensor};
/// let logits = Tensor::zeros([1, 4], F32);
/// let loss = softmax_cross_entropy_with_integer_labels(&logits, &Tensor::from_vec([1], vec![3]));
/// assert_eq!(loss.item::<f32>()?, 4.0f32.ln());
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn softmax_cross_entropy_with_integer_labels(logits: &Tensor, labels: &Tensor) -> Tensor {
    let op = "softmax_cross_entropy_with_integer_labels";
    if let Some(refusal) = not_float(op, "logits", logits) {
        return refusal;
    }
    let Some((&classes, batch)) = logits.shape().split_last() else {
        return logits.poisoned_like(Error::argument(
            op,
            "logits",
            logits.ty(),
            "a tensor with an axis of classes",
        ));
    };
    if !labels.dtype().is_integer() || labels.shape() != batch {
        let expected = format!("integers of shape {batch:?}, as the logits are {}", logits.ty());
        return labels
            .poisoned_like(Error::argument(op, "labels", labels.ty(), expected))
            .convert(logits.dtype());
    }
    let (logits, dtype) = (widened(logits), logits.dtype());
    let classes = i32::try_from(classes).unwrap_or(i32::MAX);
    let labels = labels.convert(I32);
    let labels = labels.less(0).select(&labels + classes, &labels);
    let is_class = labels.greater_equal(0).and(labels.less(classes));

    let positions = Tensor::iota(logits.shape(), batch.len(), I32);
    let is_label = labels.expand_dims(-1).equal(positions);
    let of_label = is_label.select(&logits, 0.0).sum([-1]);
    is_class.select(logits.logsumexp([-1]) - of_label, f64::NAN).convert(dtype)
}
