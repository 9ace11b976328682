//! Norms of tensors and trees of tensors, with gradient 0 at 0.

use metamlp_tensor::{F32, Tensor, Tree};

use crate::hyperparam::Hyperparam;
use crate::leaves::Leaves;

/// The Euclidean norm of all float tensors of a tree together, shape `[]` (optax's `global_norm`).
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

/// The Euclidean norm of a tensor, at least `min`.
pub(super) fn norm_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&x.square().sum_all(), min)
}

/// The root mean square of a tensor, at least `min`.
pub(super) fn rms_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&x.square().mean_all(), min)
}

/// The gradient of `sqrt` at 0 is infinite, so the root is taken only where it is used.
fn root_at_least(square: &Tensor, min: &Hyperparam) -> Tensor {
    let min = min.tensor(square.dtype());
    let is_small = square.sqrt().less_equal(&min);
    is_small.select(min, is_small.select(1.0, square).sqrt())
}
