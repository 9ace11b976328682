//! Streaming metrics as values: `update` returns the metric with one more batch,
//! [`compute`](Average::compute) its value as a tensor.
//!
//! A metric is a [`Tree`], so that it can be an argument and a result of a function under
//! [`jit`](metamlp_tensor::jit), alone, in a tuple or in a struct with `#[derive(Tree)]`.
//!
//! ```
//! use metamlp_optim::losses::softmax_cross_entropy_with_integer_labels;
//! use metamlp_optim::metrics::{Accuracy, Average};
//! use metamlp_tensor::{Tensor, jit};
//!
//! let update = jit(|(loss, accuracy): (Average, Accuracy), logits: Tensor, labels: Tensor| {
//!     let losses = softmax_cross_entropy_with_integer_labels(&logits, &labels);
//!     Ok((loss.update(&losses)?, accuracy.update(&logits, &labels)?))
//! });
//! let logits = Tensor::from_vec([2, 2], vec![1.0f32, 0.0, 1.0, 0.0]);
//! let labels = Tensor::from_vec([2], vec![0, 1]);
//! let (_, accuracy) = update((Average::new(), Accuracy::new()), logits, labels)?;
//! assert_eq!(accuracy.compute().item::<f32>()?, 0.5);
//! # Ok::<(), metamlp_tensor::Error>(())
//! ```

mod accuracy;
mod average;
mod confusion_matrix;
mod welford;

pub use accuracy::Accuracy;
pub use average::Average;
pub use confusion_matrix::ConfusionMatrix;
pub use welford::{Statistics, Welford};

use metamlp_tensor::{Error, Result, Segment, Tensor, Tree, TreeVisitor};

/// Implements [`Tree`] for a struct of trees, as `#[derive(Tree)]` does in the crates that know the macros.
macro_rules! tree {
    ($Name:ident { $($field:ident),* }) => {
        impl super::Tree for $Name {
            fn visit(&self, visitor: &mut dyn super::TreeVisitor) {
                $(visitor.part(super::Segment::Name(stringify!($field)), &self.$field);)*
            }

            fn map(&self, replace: &mut dyn FnMut(&super::Tensor) -> super::Tensor) -> Self {
                Self { $($field: super::Tree::map(&self.$field, replace)),* }
            }
        }
    };
}
use tree;

/// Checks logits `[.., classes]` and integer labels `[..]`; returns the number of classes.
#[track_caller]
fn classified(op: &'static str, logits: &Tensor, labels: &Tensor) -> Result<usize> {
    match logits.shape().split_last() {
        Some((&classes, batch)) if batch == labels.shape() && labels.dtype().is_integer() => Ok(classes),
        Some((_, batch)) => {
            let expected = format!("integers of shape {batch:?}, as the logits are {}", logits.ty());
            Err(Error::argument(op, "labels", labels.ty(), expected))
        }
        None => Err(Error::argument(op, "logits", logits.ty(), "a tensor with an axis of classes")),
    }
}
