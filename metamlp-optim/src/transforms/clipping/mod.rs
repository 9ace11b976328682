//! Clipping: bounds on the elements, the RMS or the norm of the updates.

mod clip;
mod clip_by_block_rms;
mod clip_by_global_norm;

pub use clip::clip;
pub use clip_by_block_rms::clip_by_block_rms;
pub use clip_by_global_norm::clip_by_global_norm;
