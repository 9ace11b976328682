//! SGD with the sign of the gradient.

use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::transforms::{scale_by_learning_rate, scale_by_sign};
use crate::wrappers::alias;

/// The update is minus the learning rate times the sign of the gradient (optax's `sign_sgd`).
///
/// Bernstein et al., "signSGD: compressed optimisation for non-convex problems" (2018).
#[must_use]
pub fn sign_sgd(learning_rate: impl Into<Schedule>) -> Optimizer {
    alias("sign_sgd", [scale_by_sign(), scale_by_learning_rate(learning_rate)])
}
