//! Norms of tensors and of trees of tensors. The squares of 16-bit numbers are added up in `f32`.

use metamlp_tensor::{DType, F32, Tensor, Tree};

use crate::hyperparam::Hyperparam;
use crate::leaves::Leaves;
use crate::precision::widened;

/// The Euclidean norm of all float tensors of a tree together, shape `[]` (optax's `global_norm`), in
/// the widest of their dtypes.
///
/// Its gradient at 0 is 0, where optax's is NaN: a penalty on the norm of weights that start at 0 does
/// not end the training.
///
/// ```
/// use metamlp_optim::global_norm;
/// use metamlp_tensor::Tensor;
/// let tree = (Tensor::scalar(3.0f32), Tensor::from_vec([1], vec![-4.0f32]));
/// assert_eq!(global_norm(&tree).item::<f32>()?, 5.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn global_norm(tree: &impl Tree) -> Tensor {
    let leaves = Leaves::floats(tree);
    let dtype = leaves.tensors().iter().map(Tensor::dtype).reduce(DType::promote).unwrap_or(F32);
    root_at_least(&sum_of_squares(&leaves), &Hyperparam::from(0.0)).convert(dtype)
}

/// The Euclidean norm of all leaves together, in `f32` or `f64`. Its gradient at 0 is NaN.
pub(super) fn norm_of_all(leaves: &Leaves) -> Tensor {
    sum_of_squares(leaves).sqrt()
}

fn sum_of_squares(leaves: &Leaves) -> Tensor {
    let squares = leaves.tensors().iter().map(|tensor| widened(tensor).square().sum_all());
    squares.reduce(|sum, square| sum + square).unwrap_or_else(|| Tensor::zeros([], F32))
}

/// The Euclidean norm of a tensor, in `f32` or `f64`, at least `min`; where it is `min`, its gradient is 0.
pub(super) fn norm_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&widened(x).square().sum_all(), min)
}

/// The root mean square of a tensor, in `f32` or `f64`, at least `min`; where it is `min`, its gradient is
/// 0.
pub(super) fn rms_at_least(x: &Tensor, min: &Hyperparam) -> Tensor {
    root_at_least(&widened(x).square().mean_all(), min)
}

/// The gradient of `sqrt` at 0 is infinite, so the root is taken only where it is used.
fn root_at_least(square: &Tensor, min: &Hyperparam) -> Tensor {
    let min = min.tensor(square.dtype());
    let is_small = square.sqrt().less_equal(&min);
    is_small.select(min, is_small.select(Tensor::ones([], square.dtype()), square).sqrt())
}
