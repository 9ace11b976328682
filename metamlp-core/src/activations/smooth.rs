//! Sigmoid, its relatives and their integrals.

use metamlp_tensor::Tensor;

use super::unless_beyond;

/// `1 / (1 + e^-x)`.
#[track_caller]
#[must_use]
pub fn sigmoid(x: &Tensor) -> Tensor {
    x.logistic()
}

/// `ln(sigmoid(x))`, without underflow: `-softplus(-x)`.
///
/// ```
/// use metamlp::activations::log_sigmoid;
/// use metamlp::Tensor;
/// assert_eq!(log_sigmoid(&Tensor::scalar(-500.0f32)).item::<f32>()?, -500.0);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn log_sigmoid(x: &Tensor) -> Tensor {
    -softplus(&-x)
}

/// `ln(1 + e^x)`, without overflow.
///
/// ```
/// use metamlp::activations::softplus;
/// use metamlp::Tensor;
/// assert_eq!(softplus(&Tensor::scalar(500.0f32)).item::<f32>()?, 500.0);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn softplus(x: &Tensor) -> Tensor {
    let x = &x.convert(x.dtype().to_inexact());
    let is_positive = x.greater(0);
    // `maximum` and `abs` have half of each side's first derivative at 0, and no second.
    let (larger, smaller) = (is_positive.select(x, 0), is_positive.select(-x, x));
    smaller.exp().log1p() + larger
}

/// Hyperbolic tangent.
#[track_caller]
#[must_use]
pub fn tanh(x: &Tensor) -> Tensor {
    x.tanh()
}

/// `x / (|x| + 1)`.
///
/// Turian, Bergstra and Bengio, "Quadratic features and deep architectures for chunking" (2009).
#[track_caller]
#[must_use]
pub fn soft_sign(x: &Tensor) -> Tensor {
    unless_beyond(x, f64::INFINITY, |x| x / (x.abs() + 1), &x.sign())
}
