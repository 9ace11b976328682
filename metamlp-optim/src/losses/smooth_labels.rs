//! Label smoothing.

use metamlp_tensor::{Error, Tensor};

use super::not_float;

/// `(1 - alpha) · labels + alpha / classes` for one-hot labels `[.., classes]`; `alpha` in [0, 1]
/// (optax's `smooth_labels`).
///
/// Müller, Kornblith and Hinton, "When does label smoothing help?" (2019).
///
/// ```
/// use metamlp_optim::losses::smooth_labels;
/// use metamlp_tensor::Tensor;
/// let labels = Tensor::from_vec([2], vec![1.0f32, 0.0]);
/// assert_eq!(smooth_labels(&labels, 0.5).to_vec::<f32>()?, [0.75, 0.25]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn smooth_labels(labels: &Tensor, alpha: f64) -> Tensor {
    if let Some(refusal) = not_float("smooth_labels", "labels", labels) {
        return refusal;
    }
    if !(0.0..=1.0).contains(&alpha) {
        return labels.poisoned_like(Error::argument("smooth_labels", "alpha", alpha, "a number in [0, 1]"));
    }
    match labels.shape().last() {
        Some(&classes) => labels * (1.0 - alpha) + alpha / classes.max(1) as f64,
        None => labels.poisoned_like(Error::argument(
            "smooth_labels",
            "labels",
            labels.ty(),
            "a tensor with an axis of classes",
        )),
    }
}
