//! SGD with gradient noise.

use metamlp_tensor::random::Key;

use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::transforms::{add_noise, scale_by_learning_rate};
use crate::wrappers::alias;

/// SGD with gradient noise of decreasing variance (optax's `noisy_sgd` with its default `eta` of 0.01
/// and `gamma` of 0.55).
///
/// Neelakantan et al., "Adding gradient noise improves learning for very deep networks" (2015).
#[must_use]
pub fn noisy_sgd(learning_rate: impl Into<Schedule>, key: impl Into<Key>) -> Optimizer {
    alias("noisy_sgd", [add_noise(0.01, 0.55, key), scale_by_learning_rate(learning_rate)])
}
