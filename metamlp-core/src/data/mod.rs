//! Input of a training: batches of examples, shuffled with a key, prepared on another thread. Knows
//! trees of tensors and nothing of models.

mod batches;
mod prefetch;

pub use batches::{Batches, Epoch};
pub use prefetch::Prefetch;
