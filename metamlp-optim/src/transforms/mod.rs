//! Gradient transformations, under optax's names: the parts of an optimizer. No file knows another.
//!
//! The folders are those of optax: `scaling/` (`scale_by_*`), `clipping/`, `accumulation/`
//! (moving averages and sums over steps), `adding/` (weight decay and noise), `constraining/`.

mod accumulation;
mod adding;
mod centralize;
mod clipping;
mod constraining;
mod identity;
mod normalize_by_update_norm;
mod scaling;
mod set_to_zero;

pub use accumulation::{Ema, Trace, apply_every, ema, trace};
pub use adding::{AddDecayedWeights, add_decayed_weights, add_noise};
pub use centralize::centralize;
pub use clipping::{clip, clip_by_block_rms, clip_by_global_norm};
pub use constraining::{keep_params_nonnegative, zero_nans};
pub use identity::identity;
pub use normalize_by_update_norm::{NormalizeByUpdateNorm, normalize_by_update_norm};
pub(crate) use scaling::scale_up_by_learning_rate;
pub use scaling::*;
pub use set_to_zero::set_to_zero;
