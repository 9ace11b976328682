//! Updates of a bounded length.

use metamlp_tensor::{F32, Result, Tensor, Tree};

use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::state::State;
use super::transformation::{GradientTransformation, require};

/// Scales the updates down to a [`global_norm`] of `max_norm` if it is larger.
///
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013).
#[must_use]
pub fn clip_by_global_norm(max_norm: f64) -> Optimizer {
    Optimizer::new(ClipByGlobalNorm { max_norm })
}

/// The Euclidean length of all float tensors of a tree together, of shape `[]`.
///
/// ```
/// use metamlp::optim::global_norm;
/// use metamlp::Tensor;
/// let tree = (Tensor::scalar(3.0f32), Tensor::from_vec([1], vec![-4.0f32]));
/// assert_eq!(global_norm(&tree).item::<f32>()?, 5.0);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[must_use]
pub fn global_norm(tree: &impl Tree) -> Tensor {
    norm(&Leaves::floats(tree))
}

fn norm(leaves: &Leaves) -> Tensor {
    let squares = leaves.tensors().iter().map(|tensor| tensor.square().sum_all());
    squares.reduce(|sum, square| sum + square).unwrap_or_else(|| Tensor::zeros([], F32)).sqrt()
}

#[derive(Debug)]
struct ClipByGlobalNorm {
    max_norm: f64,
}

impl GradientTransformation for ClipByGlobalNorm {
    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let max_norm = self.max_norm;
        require(max_norm > 0.0, "clip_by_global_norm", "max_norm", max_norm, "a positive number")?;
        let norm = norm(&updates);
        let is_short = norm.less(max_norm);
        let clipped = updates.map(|update| {
            let scaled = update / norm.convert(update.dtype()) * max_norm;
            is_short.select(update, scaled)
        });
        Ok((clipped, state.clone()))
    }
}
