//! Feeding a training: examples in batches, in an order that a key decides,
//! made ready on a thread. Knows trees of tensors and nothing of models.

mod batches;
mod prefetch;

pub use batches::{Batches, Epoch};
pub use prefetch::Prefetch;
