//! Layers built from other modules or functions: `Sequential`, `BatchApply`, and modules of any type in a field.

mod batch_apply;
mod layer;
mod layer_instance;
mod sequential;

pub use batch_apply::BatchApply;
pub use layer::{Chained, Layer};
pub use layer_instance::LayerInstance;
pub use sequential::Sequential;
