//! The activation functions of `flax.linen`, under their names there. They are
//! written with a tensor's own methods and know nothing of modules.
//!
//! Each takes a tensor of any shape; integers become `f32` where the function
//! is not of integers. Values are `jax.nn`'s to the last places, gradients its
//! own at kinks too: 0 for [`relu`] at 0. At infinity, where a formula would
//! give `0 * inf`, value and gradient are the limits.
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

/// `inside` near 0 and `limit` where `|x|` is so large that rounding leaves no
/// difference. Selected before and after, as the gradient of the branch not
/// taken is multiplied by 0, and 0 times infinity is NaN.
#[track_caller]
fn within(x: &Tensor, bound: f64, inside: impl FnOnce(&Tensor) -> Tensor, limit: &Tensor) -> Tensor {
    let is_within = x.abs().less(bound);
    is_within.select(inside(&is_within.select(x, 0)), limit)
}
