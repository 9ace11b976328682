//! The activation functions of `flax.linen`, under their names there, written with the methods of
//! `Tensor`. Knows nothing of modules.
//!
//! Each takes a tensor of any shape; integers are converted to `f32` where the result is not an
//! integer. Values are those of `jax.nn` up to rounding, gradients at kinks too: 0 for [`relu`] at 0.
//! Second derivatives are exact where there is one. At infinity, where a formula would give `0 * inf`,
//! value and gradient are the limits. The value of NaN is NaN.
//!
//! ```
//! use metamlp::Tensor;
//! use metamlp::activations::{gelu, relu};
//! let x = Tensor::from_vec([3], vec![-1.0f32, 0.0, 2.0]);
//! assert_eq!(relu(&x).to_vec::<f32>()?, [0.0, 0.0, 2.0]);
//! assert_eq!(gelu(&x).shape(), [3]);
//! # Ok::<(), metamlp::Error>(())
//! ```

mod along_axis;
mod gated;
mod hard;
mod rectified;
mod smooth;

pub use along_axis::{
    log_softmax, logsumexp, normalize, one_hot, softmax, standardize, standardize_with_epsilon,
};
pub use gated::{gelu, gelu_exact, glu, silu, swish};
pub use hard::{hard_sigmoid, hard_silu, hard_swish, hard_tanh};
pub use rectified::{celu, celu_with_alpha, elu, elu_with_alpha, leaky_relu, leaky_relu_with_slope};
pub use rectified::{relu, relu6, selu};
pub use smooth::{log_sigmoid, sigmoid, soft_sign, softplus, tanh};

use metamlp_tensor::Tensor;

use crate::argument::refused;

/// `limit` where `|x| ≥ bound`, else `inside`; NaN is inside, so that its gradient is NaN too. The input is
/// selected, too: the gradient of the branch that is not taken is multiplied by 0, and 0 times infinity is
/// NaN.
///
/// The executor has one loop for [`gelu`] and for [`silu`] in this form.
#[track_caller]
fn unless_beyond(x: &Tensor, bound: f64, inside: impl FnOnce(&Tensor) -> Tensor, limit: &Tensor) -> Tensor {
    let x = &x.convert(x.dtype().to_inexact());
    let is_beyond = Tensor::full([], bound, x.dtype()).less_equal(x.abs());
    is_beyond.select(limit, inside(&is_beyond.select(Tensor::zeros([], x.dtype()), x)))
}
