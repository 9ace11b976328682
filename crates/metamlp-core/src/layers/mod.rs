//! Layers, written with the same two macros as a user's own.

mod batch_norm;
mod dense;
mod layer;
mod promote;
mod sequential;

pub use batch_norm::BatchNorm;
pub use dense::Dense;
pub use layer::{Chained, Layer};
pub use sequential::Sequential;

use crate::argument::refused;
