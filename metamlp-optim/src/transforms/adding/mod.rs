//! Terms added to the updates: weight decay and noise.

mod add_decayed_weights;
mod add_noise;

pub use add_decayed_weights::{AddDecayedWeights, add_decayed_weights};
pub use add_noise::add_noise;
