//! ReLU and its variants: the identity for positive numbers.

use metamlp_tensor::Tensor;

/// `max(x, 0)`. The gradient at 0 is 0.
///
/// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
///
/// ```
/// use metamlp::activations::relu;
/// use metamlp::{Tensor, grad};
/// let x = Tensor::from_vec([3], vec![-1.0f32, 0.0, 2.0]);
/// let gradient = grad(&x, |x| relu(x).sum_all())?;
/// assert_eq!(gradient.to_vec::<f32>()?, [0.0, 0.0, 1.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn relu(x: &Tensor) -> Tensor {
    // `select` in this order keeps NaN.
    x.less_equal(0).select(Tensor::zeros([], x.dtype()), x)
}

/// `min(max(x, 0), 6)`. The gradient at 0 and at 6 is 0.
///
/// Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010).
#[track_caller]
#[must_use]
pub fn relu6(x: &Tensor) -> Tensor {
    // `minimum` would pass half of the gradient at 6.
    let x = relu(x);
    x.greater_equal(6).select(Tensor::full([], 6, x.dtype()), x)
}

/// `x` where it is not negative, else `0.01 x`.
///
/// Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
#[track_caller]
#[must_use]
pub fn leaky_relu(x: &Tensor) -> Tensor {
    leaky_relu_with_slope(x, 0.01)
}

/// [`leaky_relu`] with another slope for negative `x`.
///
/// ```
/// use metamlp::activations::leaky_relu_with_slope;
/// use metamlp::Tensor;
/// let x = Tensor::from_vec([2], vec![-4.0f32, 4.0]);
/// assert_eq!(leaky_relu_with_slope(&x, 0.25).to_vec::<f32>()?, [-1.0, 4.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn leaky_relu_with_slope(x: &Tensor, negative_slope: f64) -> Tensor {
    x.greater_equal(0).select(x, x * negative_slope)
}

/// `x` where it is positive, else `e^x - 1`.
///
/// Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by
/// exponential linear units" (2016).
#[track_caller]
#[must_use]
pub fn elu(x: &Tensor) -> Tensor {
    elu_with_alpha(x, 1.0)
}

/// [`elu`] with limit `-alpha`: `alpha (e^x - 1)` where `x` is not positive.
#[track_caller]
#[must_use]
pub fn elu_with_alpha(x: &Tensor, alpha: f64) -> Tensor {
    let is_positive = x.greater(0);
    // Without the inner selection the branch that is not taken overflows and its gradient is NaN.
    let rest = is_positive.select(Tensor::zeros([], x.dtype()), x);
    is_positive.select(x, rest.exp_m1() * alpha)
}

/// `max(x, 0) + min(e^x - 1, 0)`.
///
/// Barron, "Continuously differentiable exponential linear units" (2017).
#[track_caller]
#[must_use]
pub fn celu(x: &Tensor) -> Tensor {
    celu_with_alpha(x, 1.0)
}

/// [`celu`] with limit `-alpha`: `max(x, 0) + alpha (e^(min(x, 0) / alpha) - 1)`.
#[track_caller]
#[must_use]
pub fn celu_with_alpha(x: &Tensor, alpha: f64) -> Tensor {
    let is_positive = x.greater(0);
    let rest = is_positive.select(Tensor::zeros([], x.dtype()), x);
    is_positive.select(x, (rest / alpha).exp_m1() * alpha)
}

/// `1.0507 x` where it is positive, else `1.0507 · 1.6733 (e^x - 1)`: with
/// [`lecun_normal`](crate::initializers::lecun_normal) activations keep mean 0 and variance 1.
///
/// Klambauer et al., "Self-normalizing neural networks" (2017).
#[track_caller]
#[must_use]
pub fn selu(x: &Tensor) -> Tensor {
    elu_with_alpha(x, 1.673_263_242_354_377_2) * 1.050_700_987_355_480_5
}
