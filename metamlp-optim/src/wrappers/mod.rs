//! Optimizers built from other optimizers. Knows nothing of what the inner ones compute.

mod apply_if_finite;
mod chain;
mod inject_hyperparams;
mod masked;
mod multi_steps;
mod partition;

pub use apply_if_finite::apply_if_finite;
pub(super) use chain::alias;
pub use chain::chain;
pub use inject_hyperparams::inject_hyperparams;
pub(super) use masked::masked_by;
pub use masked::{freeze, masked};
pub use multi_steps::{MultiSteps, multi_steps};
pub use partition::{multi_transform, partition};
