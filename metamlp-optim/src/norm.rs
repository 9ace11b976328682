//! Lengths of tensors and of trees of them, with gradients at 0.

use metamlp_tensor::{F32, Tensor, Tree};

use crate::hyperparam::Hyperparam;
use crate::leaves::Leaves;

/// The Euclidean length of all float tensors of a tree together, of shape `[]`.
///
/// ```
/// use metamlp_optim::global_norm;
/// use metamlp_tensor::Tensor;
/// let tree = (Tensor::scalar(3.0f32), Tensor::from_vec([1], vec![-4.0f32]));
/// assert_eq!(global_norm(&tree).item::<f32>()?, 5.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn global_norm(tree: &impl Tree) -> Tensor {
    norm_of_all(&Leaves::floats(tree))
}

pub(super) fn norm_of_all(leaves: &Leaves) -> Tensor {
    let squares = leaves.tensors().iter().map(|tensor| tensor.square().sum_all());
    squares.reduce(|sum, square| sum + square).unwrap_or_else(|| Tensor::zeros([], F32)).sqrt()
}

/// The Euclidean length of a tensor, or `min` if that is more.
pub(super) fn norm_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&x.square().sum_all(), min)
}

/// The root of the mean square of a tensor, or `min` if that is more.
pub(super) fn rms_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&x.square().mean_all(), min)
}

/// The root of 0 has no gradient, so it is not taken where it is not used.
fn root_at_least(square: &Tensor, min: &Hyperparam) -> Tensor {
    let min = min.tensor(square.dtype());
    let is_small = square.sqrt().less_equal(&min);
    is_small.select(min, is_small.select(1.0, square).sqrt())
}
