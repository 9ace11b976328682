//! Piecewise linear approximations of smooth activations.

use metamlp_tensor::Tensor;

use super::{relu6, unless_beyond};

/// `min(max(x + 3, 0), 6) / 6`.
#[track_caller]
#[must_use]
pub fn hard_sigmoid(x: &Tensor) -> Tensor {
    relu6(&(x + 3.0)) / 6.0
}

/// `x · hard_sigmoid(x)`.
///
/// Howard et al., "Searching for MobileNetV3" (2019).
///
/// ```
/// use metamlp::activations::hard_silu;
/// use metamlp::Tensor;
/// let x = Tensor::from_vec([3], vec![-4.0f32, 0.0, 4.0]);
/// assert_eq!(hard_silu(&x).to_vec::<f32>()?, [0.0, 0.0, 4.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn hard_silu(x: &Tensor) -> Tensor {
    unless_beyond(x, f64::INFINITY, |x| x * hard_sigmoid(x), &x.maximum(0))
}

/// [`hard_silu`] under its other name.
#[track_caller]
#[must_use]
pub fn hard_swish(x: &Tensor) -> Tensor {
    hard_silu(x)
}

/// `x` clipped to `[-1, 1]`.
#[track_caller]
#[must_use]
pub fn hard_tanh(x: &Tensor) -> Tensor {
    let one = Tensor::ones([], x.dtype());
    x.greater(1).select(&one, x.less(-1).select(-&one, x))
}
