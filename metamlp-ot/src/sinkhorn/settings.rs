//! The settings of the solver and their checks.

use crate::error::{Result, setting};
use crate::sinkhorn::momentum::Momentum;

/// OTT's settings of `Sinkhorn`; the setters of [`Sinkhorn`](crate::Sinkhorn)
/// document them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) threshold: f64,
    pub(crate) norm_error: f64,
    pub(crate) inner_iterations: usize,
    pub(crate) min_iterations: usize,
    pub(crate) max_iterations: usize,
    pub(crate) momentum: Option<Momentum>,
    pub(crate) lse_mode: bool,
    pub(crate) parallel_dual_updates: bool,
    pub(crate) recenter_potentials: bool,
}

/// The most blocks of inner iterations in a run: `errors` has an entry for each.
const MOST_BLOCKS: usize = 1 << 24;

impl Settings {
    /// The number of blocks that `max_iterations` allows.
    pub(crate) fn blocks(&self) -> usize {
        self.max_iterations.div_ceil(self.inner_iterations)
    }

    /// Refuses settings out of their range.
    pub(crate) fn check(&self) -> Result<()> {
        if self.threshold.is_nan() {
            let expected = "a number; a negative one runs to max_iterations";
            return Err(setting("threshold", self.threshold, expected));
        }
        if !(self.norm_error >= 1.0 && self.norm_error.is_finite()) {
            return Err(setting("norm_error", self.norm_error, "a finite number, at least 1"));
        }
        if self.inner_iterations == 0 {
            return Err(setting("inner_iterations", 0, "at least 1"));
        }
        if self.blocks() > MOST_BLOCKS {
            let expected = "at most 2^24 blocks of inner_iterations";
            return Err(setting("max_iterations", self.max_iterations as f64, expected));
        }
        if self.max_iterations < self.min_iterations {
            return Err(setting("min_iterations", self.min_iterations as f64, "at most max_iterations"));
        }
        self.momentum.map_or(Ok(()), |momentum| momentum.check(self.inner_iterations))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threshold: 1e-3,
            norm_error: 1.0,
            inner_iterations: 10,
            min_iterations: 0,
            max_iterations: 2000,
            momentum: None,
            lse_mode: true,
            parallel_dual_updates: false,
            recenter_potentials: false,
        }
    }
}
