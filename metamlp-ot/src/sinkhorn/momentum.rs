//! Momentum: weighted averages of old and new potentials. Knows the errors so
//! far, not the problem.

use crate::error::{Result, setting};

/// Averages old and new potentials, `(1 − w) · old + w · new`, or scalings by the
/// geometric mean (OTT's `Momentum`). `w > 1` over-relaxes.
///
/// ```
/// use metamlp_ot::{Momentum, Sinkhorn};
/// let over_relaxed = Sinkhorn::new().momentum(Momentum::new(1.3));
/// let adaptive = Sinkhorn::new().momentum(Momentum::adaptive(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    value: f64,
    start: usize,
    error_threshold: f64,
}

impl Momentum {
    /// Uses `w = value` at every iteration.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, start: 0, error_threshold: f64::INFINITY }
    }

    /// No momentum before iteration `start`, then the optimal one for the
    /// convergence rate in the block before it (Lehmann, von Renesse, Sambale
    /// and Uschmajew, 2022): `w = 2 / (1 + √(1 − ρ^(1/inner_iterations)))`, where
    /// `ρ`, at most 0.99, is the ratio of the last two errors.
    #[must_use]
    pub const fn adaptive(start: usize) -> Self {
        Self { value: 1.0, start, error_threshold: f64::INFINITY }
    }

    /// Adaptive momentum starts only if the error at `start` is below `threshold`.
    #[must_use]
    pub const fn error_threshold(mut self, threshold: f64) -> Self {
        self.error_threshold = threshold;
        self
    }

    pub(crate) fn check(&self, inner_iterations: usize) -> Result<()> {
        if !(self.value > 0.0 && self.value < 2.0) {
            return Err(setting("momentum", self.value, "a number between 0 and 2"));
        }
        if self.error_threshold.is_nan() {
            return Err(setting("momentum's error threshold", self.error_threshold, "a number"));
        }
        if self.start > 0 && self.start / inner_iterations < 2 {
            let expected =
                "0, or at least two blocks of inner_iterations: their errors determine the momentum";
            return Err(setting("momentum's start", self.start as f64, expected));
        }
        Ok(())
    }

    /// The `w` of an iteration, from the errors (in the 1-norm) of the blocks so far.
    pub(crate) fn weight(&self, iteration: usize, inner_iterations: usize, errors: &[f64]) -> f64 {
        if self.start == 0 || iteration < self.start {
            return self.value;
        }
        let last = self.start / inner_iterations - 1;
        let (Some(&error), Some(&before)) = (errors.get(last), errors.get(last - 1)) else {
            return self.value;
        };
        // False, too, if a block has no error (NaN or infinite).
        if !(error < self.error_threshold && error.is_finite() && before.is_finite() && before > 0.0) {
            return self.value;
        }
        let rate = (error / before).min(0.99).powf(1.0 / inner_iterations as f64);
        2.0 / (1.0 + (1.0 - rate).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adaptive_weight_follows_the_rate() {
        let momentum = Momentum::adaptive(20);
        let errors = [0.5, 0.5 * 0.36f64.powi(10), 1e-9];
        assert_eq!(momentum.weight(19, 10, &errors), 1.0);
        assert!((momentum.weight(20, 10, &errors) - 2.0 / 1.8).abs() < 1e-12);
        assert_eq!(momentum.error_threshold(1e-9).weight(20, 10, &errors), 1.0);
        assert_eq!(momentum.weight(20, 10, &[f64::INFINITY, 0.1]), 1.0);
    }
}
