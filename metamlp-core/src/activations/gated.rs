//! Gated activations: the input times a gate between 0 and 1.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use metamlp_tensor::{DType, Tensor};

use super::{refused, unless_beyond};

/// A bound beyond which the gates are exactly 0 or 1 in `dtype`, and below which no power of `x` overflows
/// in the gradients.
fn saturated(dtype: DType) -> f64 {
    match dtype {
        // The square of 256 is infinite.
        DType::F16 => 20.0,
        _ => 1e3,
    }
}

/// `x · sigmoid(x)`, SiLU or Swish.
///
/// Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units" (2018).
#[track_caller]
#[must_use]
pub fn silu(x: &Tensor) -> Tensor {
    unless_beyond(x, saturated(x.dtype()), |x| x * x.logistic(), &x.maximum(0))
}

/// [`silu`] under its other name.
#[track_caller]
#[must_use]
pub fn swish(x: &Tensor) -> Tensor {
    silu(x)
}

/// GELU, `x · Φ(x)` with Φ the normal distribution function, in the tanh approximation:
/// `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, Flax's default.
///
/// Hendrycks and Gimpel, "Gaussian error linear units" (2016).
///
/// ```
/// use metamlp::activations::{gelu, gelu_exact};
/// use metamlp::Tensor;
/// let x = Tensor::scalar(1.0f32);
/// assert_eq!(gelu(&x).item::<f32>()?, 0.841192);
/// assert_eq!(gelu_exact(&x).item::<f32>()?, 0.8413447);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn gelu(x: &Tensor) -> Tensor {
    let inside = |x: &Tensor| {
        let argument = x * (x.square() * (0.044_715 * FRAC_2_PI.sqrt()) + FRAC_2_PI.sqrt());
        x * ((argument.tanh() + 1.0) * 0.5)
    };
    unless_beyond(x, saturated(x.dtype()), inside, &x.maximum(0))
}

/// [`gelu`] without the approximation: `x/2 · erfc(-x/√2)`, Flax's `gelu(approximate=False)`.
#[track_caller]
#[must_use]
pub fn gelu_exact(x: &Tensor) -> Tensor {
    unless_beyond(x, saturated(x.dtype()), |x| x * 0.5 * (x * -FRAC_1_SQRT_2).erfc(), &x.maximum(0))
}

/// Gated linear unit: the first half along `axis` times the sigmoid of the second half, `[.., 2 n, ..]`
/// to `[.., n, ..]`. A negative `axis` counts from the end; Flax's default is -1.
///
/// Poisoned if the axis does not exist or its extent is odd.
///
/// Dauphin et al., "Language modeling with gated convolutional networks" (2017).
///
/// ```
/// use metamlp::activations::glu;
/// use metamlp::Tensor;
/// let x = Tensor::from_vec([1, 4], vec![3.0f32, 8.0, 0.0, 1000.0]);
/// assert_eq!(glu(&x, -1).to_vec::<f32>()?, [1.5, 8.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn glu(x: &Tensor, axis: isize) -> Tensor {
    let from_start = if axis < 0 { axis + x.rank().cast_signed() } else { axis };
    let extent = usize::try_from(from_start).ok().and_then(|axis| x.shape().get(axis).copied());
    let Some(extent) = extent else {
        return refused(x, "glu", "axis", axis, format!("an axis of {:?}", x.shape()));
    };
    if !extent.is_multiple_of(2) {
        return refused(x, "glu", "the extent to halve", extent, "an even number");
    }
    let (value, gate) = (x.slice_axis(axis, 0, extent / 2), x.slice_axis(axis, extent / 2, extent));
    value * gate.logistic()
}
