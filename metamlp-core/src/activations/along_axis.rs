//! Functions along an axis: softmax, standardization, one-hot. A negative axis counts from the end;
//! Flax's default is -1.

use metamlp_tensor::{F32, Tensor};

/// `e^x / sum(e^x)` along `axis`: positive numbers that sum to 1 (Flax's `softmax`).
///
/// ```
/// use metamlp::activations::softmax;
/// use metamlp::Tensor;
/// let x = Tensor::from_vec([2], vec![1000.0f32, 1000.0]);
/// assert_eq!(softmax(&x, -1).to_vec::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn softmax(x: &Tensor, axis: isize) -> Tensor {
    x.softmax(axis)
}

/// `ln(softmax(x))` along `axis`, without underflow (Flax's `log_softmax`).
#[track_caller]
#[must_use]
pub fn log_softmax(x: &Tensor, axis: isize) -> Tensor {
    x.log_softmax(axis)
}

/// `ln(sum(e^x))` over `axis`, which is removed. -inf, with gradient 0, where all elements are -inf.
#[track_caller]
#[must_use]
pub fn logsumexp(x: &Tensor, axis: isize) -> Tensor {
    x.logsumexp([axis])
}

/// `(x - mean) / √(variance + 1e-5)` along `axis` (JAX's `standardize`).
///
/// ```
/// use metamlp::activations::standardize;
/// use metamlp::Tensor;
/// let x = Tensor::from_vec([2], vec![1.0f32, 3.0]);
/// assert!((standardize(&x, -1).to_vec::<f32>()?[1] - 1.0).abs() < 1e-5);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn standardize(x: &Tensor, axis: isize) -> Tensor {
    standardize_with_epsilon(x, axis, 1e-5)
}

/// [`standardize`] with another `epsilon` added to the variance.
#[track_caller]
#[must_use]
pub fn standardize_with_epsilon(x: &Tensor, axis: isize, epsilon: f64) -> Tensor {
    // The square of 256 is no `f16`, and the difference of two squares leaves nothing of 16 bits.
    let wide = if x.dtype().is_half() { &x.convert(F32) } else { x };
    let mean = wide.mean_keepdims([axis]);
    // Rounding may make a difference of squares negative.
    let variance = (wide.square().mean_keepdims([axis]) - mean.square()).maximum(0);
    let result = (wide - mean) * (variance + epsilon).rsqrt();
    if x.dtype().is_half() { result.convert(x.dtype()) } else { result }
}

/// [`standardize`] under its older name.
#[track_caller]
#[must_use]
pub fn normalize(x: &Tensor, axis: isize) -> Tensor {
    standardize(x, axis)
}

/// One-hot encoding, `f32`: integers `[..]` to `[.., classes]`. An index outside of `0..classes` gives
/// zeros.
///
/// Poisoned if `indices` are not integers. See [`Tensor::one_hot`].
///
/// ```
/// use metamlp::activations::one_hot;
/// use metamlp::Tensor;
/// let labels = Tensor::from_vec([2], vec![2, 0]);
/// assert_eq!(one_hot(&labels, 3).to_vec::<f32>()?, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn one_hot(indices: &Tensor, classes: usize) -> Tensor {
    indices.one_hot(classes)
}
