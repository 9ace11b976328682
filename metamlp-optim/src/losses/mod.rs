//! Losses, under optax's names, written with the methods of `Tensor`. Knows nothing of modules.
//!
//! Each returns one loss per example (or element); reduce it with [`mean_all`](Tensor::mean_all), for
//! instance. Losses and gradients stay finite for classes of weight 0 and for zero vectors.
//!
//! Targets (labels) have the shape of the predictions (logits), or shape `[]`: one number for all. Other
//! shapes are errors even where they broadcast, as a column and a row would give a matrix of losses;
//! [`broadcast_to`](Tensor::broadcast_to) asks for it. Integer classes are the labels of
//! [`softmax_cross_entropy_with_integer_labels`] and [`ctc_loss`] only.
//!
//! A loss of `f16` or `bf16` keeps the dtype; sums over classes are computed in `f32` and rounded once.
//!
//! ```
//! use metamlp_optim::losses::softmax_cross_entropy_with_integer_labels;
//! use metamlp_tensor::Tensor;
//! let logits = Tensor::from_vec([2, 3], vec![10.0f32, 0.0, 0.0, 0.0, 10.0, 0.0]);
//! let labels = Tensor::from_vec([2], vec![0, 2]);
//! let losses = softmax_cross_entropy_with_integer_labels(&logits, &labels).to_vec::<f32>()?;
//! assert!(losses[0] < 0.001 && losses[1] > 9.9);
//! # Ok::<(), metamlp_tensor::Error>(())
//! ```

mod cosine;
mod ctc;
mod hinge;
mod huber;
mod kl_divergence;
mod log_add;
mod log_cosh;
mod poly;
mod sigmoid_cross_entropy;
mod smooth_labels;
mod softmax_cross_entropy;
mod squared_error;

pub use cosine::{
    cosine_distance, cosine_distance_with_epsilon, cosine_similarity, cosine_similarity_with_epsilon,
};
pub use ctc::{ctc_loss, ctc_loss_with_blank_id};
pub use hinge::hinge_loss;
pub use huber::{huber_loss, huber_loss_with_delta};
pub use kl_divergence::{
    convex_kl_divergence, generalized_kl_divergence, kl_divergence, kl_divergence_with_log_targets,
};
pub use log_cosh::log_cosh;
pub use poly::{poly_loss_cross_entropy, poly_loss_cross_entropy_with_epsilon};
pub use sigmoid_cross_entropy::sigmoid_binary_cross_entropy;
pub use smooth_labels::smooth_labels;
pub use softmax_cross_entropy::{softmax_cross_entropy, softmax_cross_entropy_with_integer_labels};
pub use squared_error::{l2_loss, squared_error};

use metamlp_tensor::{DType, Error, Tensor};

use crate::precision::widened;

/// Returns a poisoned tensor if `x` is not a float tensor.
#[track_caller]
fn not_float(op: &'static str, name: &'static str, x: &Tensor) -> Option<Tensor> {
    let is_float = x.dtype().is_float();
    // Not a closure: the error must name the caller's line.
    if is_float {
        None
    } else {
        Some(x.poisoned_like(Error::argument(op, name, x.ty(), "a tensor of floats")))
    }
}

/// Returns a poisoned tensor if the predictions are not floats, or if the targets have neither their shape
/// nor shape `[]`: the one place that decides which shapes fit.
#[track_caller]
fn unlike(op: &'static str, predictions: Named, targets: Named) -> Option<Tensor> {
    let refusal = not_float(op, predictions.0, predictions.1);
    let shape = targets.1.shape();
    if refusal.is_some() || shape.is_empty() || predictions.1.shape() == shape {
        return refusal;
    }
    let expected = format!("the shape of the {}, {}, or one number", predictions.0, predictions.1.ty());
    Some(predictions.1.poisoned_like(Error::argument(op, targets.0, targets.1.ty(), expected)))
}

/// An argument with its name.
type Named<'a> = (&'static str, &'a Tensor);

/// Predictions and targets as `f32` if they have 16 bits, and the dtype of a loss of both.
#[track_caller]
fn widened_pair(predictions: &Tensor, targets: &Tensor) -> (Tensor, Tensor, DType) {
    (widened(predictions), widened(targets), predictions.dtype().promote(targets.dtype()))
}
