//! The entropic regularisation ε: a number, a multiple of a statistic of the
//! cost, or a schedule that decreases to either. Knows the cost by its mean and
//! standard deviation only.

use metamlp_tensor::{DType, F64, Source};

use crate::error::{Error, Result, setting};
use crate::statistic::Statistic;

/// The entropic regularisation ε, in units of the cost (OTT's `Epsilon`).
///
/// A number is used unchanged. The default is a twentieth of the cost's standard
/// deviation. At iteration `k` Sinkhorn uses
///
/// ```text
/// ε(k) = max(init · decay^k, 1) · ε
/// ```
///
/// ```
/// use metamlp_ot::{Epsilon, Grid, Geometry};
/// use metamlp_tensor::F64;
/// let epsilon = Epsilon::new(0.1).init(10.0).decay(0.9);
/// let geometry = Geometry::from(Grid::from_size([4], F64, epsilon)?);
/// assert!((geometry.epsilon_at(1) - 0.9).abs() < 1e-15);
/// assert_eq!(geometry.epsilon_at(22), 0.1);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epsilon {
    value: f64,
    relative: Option<Statistic>,
    init: f64,
    decay: f64,
}

impl Epsilon {
    /// Uses `value` at every iteration.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, relative: None, init: 1.0, decay: 1.0 }
    }

    /// Multiplies the value by a statistic of the cost.
    #[must_use]
    pub const fn relative_to(mut self, statistic: Statistic) -> Self {
        self.relative = Some(statistic);
        self
    }

    /// Sets the multiple of ε at iteration 0 (default 1).
    #[must_use]
    pub const fn init(mut self, init: f64) -> Self {
        self.init = init;
        self
    }

    /// Sets the factor that the multiple is scaled by at each iteration (default 1).
    #[must_use]
    pub const fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }

    /// The schedule for a cost of `dtype` with this mean and standard deviation.
    pub(crate) fn resolve(self, mean: f64, std: f64, dtype: DType) -> Result<Schedule> {
        let Self { value, relative, init, decay } = self;
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if !positive(value) {
            return Err(setting("epsilon", value, "a finite number above 0"));
        }
        if !positive(init) {
            return Err(setting("epsilon's init", init, "a finite number above 0"));
        }
        if !(decay > 0.0 && decay <= 1.0) {
            return Err(setting("epsilon's decay", decay, "a number above 0, at most 1"));
        }
        let target = match relative {
            None => value,
            Some(statistic) => {
                let found = match statistic {
                    Statistic::Mean => mean,
                    Statistic::Std => std,
                };
                if !positive(value * found) {
                    return Err(Error::RelativeEpsilon {
                        factor: value,
                        statistic,
                        found,
                        at: Source::here(),
                    });
                }
                value * found
            }
        };
        let (least, greatest, expected) = if dtype == F64 {
            (f64::MIN_POSITIVE, f64::MAX, "a number from 2.3e-308 to 1.7e308, as f64 holds")
        } else {
            let (least, greatest) = (f32::MIN_POSITIVE.into(), f32::MAX.into());
            (least, greatest, "a number from 1.2e-38 to 3.4e38, as f32 holds, the dtype of the geometry")
        };
        let schedule = Schedule { target, init, decay };
        for (name, epsilon) in [("epsilon", target), ("epsilon at iteration 0", schedule.at(0))] {
            if !(least..=greatest).contains(&epsilon) {
                return Err(setting(name, epsilon, expected));
            }
        }
        Ok(schedule)
    }
}

/// A twentieth of the cost's standard deviation, as in OTT from 0.4.9 on.
impl Default for Epsilon {
    fn default() -> Self {
        Self::new(0.05).relative_to(Statistic::Std)
    }
}

impl From<f64> for Epsilon {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

/// An [`Epsilon`] resolved for a cost: `target` is the final ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) target: f64,
    init: f64,
    decay: f64,
}

impl Schedule {
    /// ε at an iteration, counted from 0.
    pub(crate) fn at(&self, iteration: usize) -> f64 {
        // Beyond i32 any decay below 1 gives 0.
        let exponent = i32::try_from(iteration).unwrap_or(i32::MAX);
        (self.init * self.decay.powi(exponent)).max(1.0) * self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metamlp_tensor::F32;

    #[test]
    fn a_schedule_decreases_to_its_target() {
        let schedule = Epsilon::new(0.1).init(10.0).decay(0.9).resolve(1.0, 1.0, F64).unwrap();
        let expected = [(0, 1.0), (1, 0.9), (10, 0.348_678_440_1), (21, 0.109_418_989_131_512_4), (22, 0.1)];
        for (iteration, epsilon) in expected {
            assert!((schedule.at(iteration) - epsilon).abs() < 1e-12, "iteration {iteration}");
        }
        assert_eq!(schedule.at(usize::MAX), 0.1);
    }

    #[test]
    fn epsilon_is_a_number_of_the_dtype() {
        let resolves = |epsilon: Epsilon, dtype| epsilon.resolve(1.0, 1.0, dtype).is_ok();
        for value in [1e-46, 1e-39, 1e39] {
            assert!(!resolves(Epsilon::new(value), F32), "{value}");
            assert!(resolves(Epsilon::new(value), F64), "{value}");
        }
        assert!(!resolves(Epsilon::new(1e-310), F64));
        assert!(!resolves(Epsilon::new(1e30).init(1e10).decay(0.5), F32));
        assert!(resolves(Epsilon::new(1e-38 * 1.2), F32));
    }

    #[test]
    fn settings_must_be_positive_numbers() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Epsilon::new(value).resolve(1.0, 1.0, F64).is_err(), "{value}");
            assert!(Epsilon::new(0.1).init(value).resolve(1.0, 1.0, F64).is_err(), "init {value}");
            assert!(Epsilon::new(0.1).decay(value).resolve(1.0, 1.0, F64).is_err(), "decay {value}");
        }
        assert!(Epsilon::new(0.1).decay(1.1).resolve(1.0, 1.0, F64).is_err());
        let constant_cost = Epsilon::default().resolve(2.0, 0.0, F64);
        assert!(matches!(constant_cost, Err(Error::RelativeEpsilon { .. })));
    }
}
