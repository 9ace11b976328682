//! Cosine similarity and distance.

use metamlp_tensor::{Error, Tensor};

use super::{unlike, widened_pair};

/// The cosine of the angle between predictions and targets along the last axis: `[.., features]` to
/// `[..]`. 0 for a zero vector, where optax gives NaN.
///
/// ```
/// use metamlp_optim::losses::cosine_similarity;
/// use metamlp_tensor::Tensor;
/// let x = Tensor::from_vec([2, 2], vec![3.0f32, 4.0, 1.0, 0.0]);
/// let y = Tensor::from_vec([2, 2], vec![6.0f32, 8.0, 0.0, 1.0]);
/// assert_eq!(cosine_similarity(&x, &y).to_vec::<f32>()?, [1.0, 0.0]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn cosine_similarity(predictions: &Tensor, targets: &Tensor) -> Tensor {
    cosine_similarity_with_epsilon(predictions, targets, 0.0)
}

/// [`cosine_similarity`] with `epsilon` as the lower bound of the squared norms.
#[track_caller]
#[must_use]
pub fn cosine_similarity_with_epsilon(predictions: &Tensor, targets: &Tensor, epsilon: f64) -> Tensor {
    if let Some(refusal) = unlike("cosine_similarity", ("predictions", predictions), ("targets", targets)) {
        return refusal;
    }
    if !(epsilon >= 0.0 && epsilon.is_finite()) {
        return predictions.poisoned_like(Error::argument(
            "cosine_similarity",
            "epsilon",
            epsilon,
            "a finite number, not negative",
        ));
    }
    let (predictions, targets, dtype) = widened_pair(predictions, &targets.broadcast_to(predictions.shape()));
    (unit(&predictions, epsilon) * unit(&targets, epsilon)).sum([-1]).convert(dtype)
}

/// `x` divided by its norm along the last axis. The square of the norm is at least `epsilon`.
#[track_caller]
fn unit(x: &Tensor, epsilon: f64) -> Tensor {
    let square = x.square().sum_keepdims([-1]).maximum(epsilon);
    // The gradient of `sqrt` at 0 is infinite.
    x / square.greater(0.0).select(&square, 1.0).sqrt()
}

/// `1 - `[`cosine_similarity`].
#[track_caller]
#[must_use]
pub fn cosine_distance(predictions: &Tensor, targets: &Tensor) -> Tensor {
    cosine_distance_with_epsilon(predictions, targets, 0.0)
}

/// `1 - `[`cosine_similarity_with_epsilon`].
#[track_caller]
#[must_use]
pub fn cosine_distance_with_epsilon(predictions: &Tensor, targets: &Tensor, epsilon: f64) -> Tensor {
    1.0 - cosine_similarity_with_epsilon(predictions, targets, epsilon)
}
