//! Accumulation over steps: momentum, moving averages and sums of updates.

mod apply_every;
mod ema;
mod trace;

pub use apply_every::apply_every;
pub use ema::{Ema, ema};
pub use trace::{Trace, trace};
