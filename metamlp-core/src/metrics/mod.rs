//! Metrics that are gathered batch by batch, as values: each step returns a new
//! one, and what is [`compute`](Average::compute)d is a tensor.
//!
//! A metric is a [`Tree`](crate::Tree), so that it crosses `jit`, and a struct of
//! metrics with `#[derive(Tree)]` does too. Those of parts of the data are merged.
//!
//! ```
//! use metamlp::metrics::{Accuracy, Average};
//! use metamlp::{Tensor, Tree, jit};
//!
//! #[derive(Clone, Debug, Default, Tree)]
//! struct Metrics {
//!     loss: Average,
//!     accuracy: Accuracy,
//! }
//!
//! let update = jit(|metrics: Metrics, logits: Tensor, labels: Tensor| {
//!     let losses = metamlp::losses::softmax_cross_entropy_with_integer_labels(&logits, &labels);
//!     Ok(Metrics {
//!         loss: metrics.loss.update(&losses)?,
//!         accuracy: metrics.accuracy.update(&logits, &labels)?,
//!     })
//! });
//! let logits = Tensor::from_vec([2, 2], vec![1.0f32, 0.0, 1.0, 0.0]);
//! let metrics = update(Metrics::default(), logits, Tensor::from_vec([2], vec![0, 1]))?;
//! assert_eq!(metrics.accuracy.compute().item::<f32>()?, 0.5);
//! # Ok::<(), metamlp::Error>(())
//! ```

mod accuracy;
mod average;
mod confusion_matrix;
mod welford;

pub use accuracy::Accuracy;
pub use average::Average;
pub use confusion_matrix::ConfusionMatrix;
pub use welford::{Statistics, Welford};

use metamlp_tensor::{Result, Tensor};

use crate::argument::invalid;

/// Refuses logits that are not `[.., classes]` beside labels that are not integers `[..]`.
#[track_caller]
fn classified(op: &'static str, logits: &Tensor, labels: &Tensor) -> Result<usize> {
    match logits.shape().split_last() {
        Some((&classes, batch)) if batch == labels.shape() && labels.dtype().is_integer() => Ok(classes),
        Some((_, batch)) => {
            let expected = format!("integers of shape {batch:?}, as the logits are {}", logits.ty());
            Err(invalid(op, "labels", labels.ty(), expected))
        }
        None => Err(invalid(op, "logits", logits.ty(), "a tensor with an axis of classes")),
    }
}
