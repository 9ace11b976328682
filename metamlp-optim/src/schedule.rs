//! A value that may depend on the step, such as a learning rate.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::{Error, F32, Result, Tensor, with_caller};

use crate::hyperparam::{Hyperparam, Range};

/// A learning rate or another value: a [`Hyperparam`], or a function from the number of steps (`i32`,
/// shape `[]`, starts at 0) to a tensor.
///
/// The count is a tensor in the optimizer's state, so one compiled program serves every step; a
/// constant is compiled into the program.
///
/// ```
/// use metamlp_optim::{Schedule, adam};
/// let constant = adam(1e-3);
/// let halved_each_1000 = adam(Schedule::new(|step| (step * -0.001 * 2.0f64.ln()).exp() * 1e-3));
/// ```
#[derive(Clone)]
pub struct Schedule(Rate);

#[derive(Clone)]
enum Rate {
    Constant(Hyperparam),
    /// A schedule of this library, whose errors name the line that calls [`at`](Schedule::at).
    BuiltIn(&'static str, Function),
    /// A function of the user's, whose errors name its own lines.
    Custom(Function),
}

type Function = Arc<dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync>;

impl Schedule {
    /// A schedule computed from the number of steps.
    #[must_use]
    pub fn new(rate: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static) -> Self {
        Self(Rate::Custom(Arc::new(move |count| Ok(rate(count)))))
    }

    /// A schedule with a name for printing; `at` may return an error for its arguments.
    pub(super) fn named(
        name: &'static str,
        rate: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        Self(Rate::BuiltIn(name, Arc::new(rate)))
    }

    /// The hyper-parameter, or `None` if the value depends on the step.
    #[must_use]
    pub fn constant(&self) -> Option<&Hyperparam> {
        match &self.0 {
            Rate::Constant(rate) => Some(rate),
            Rate::BuiltIn(..) | Rate::Custom(_) => None,
        }
    }

    /// The value at step `count`, shape `[]`.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) if the schedule was made with a number out
    /// of range, or its function returns anything but one float.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// use metamlp_optim::linear_schedule;
    /// let warm_up = linear_schedule(0.0, 1.0, 10);
    /// assert_eq!(warm_up.at(&Tensor::scalar(5))?.item::<f32>()?, 0.5);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn at(&self, count: &Tensor) -> Result<Tensor> {
        let rate = match &self.0 {
            Rate::Constant(rate) => return Ok(rate.tensor(F32)),
            Rate::BuiltIn(_, function) => with_caller(Location::caller(), || function(count))?,
            Rate::Custom(function) => function(count)?,
        };
        if rate.rank() == 0 && rate.dtype().is_float() {
            return Ok(rate);
        }
        let expected = "a float of shape []";
        Err(Error::argument("a schedule", "what its function returned", rate.ty(), expected))
    }

    /// Returns an error for a constant out of range.
    pub(super) fn check(&self, op: &'static str, name: &'static str, range: Range) -> Result<()> {
        self.constant().map_or(Ok(()), |rate| rate.check(op, name, range))
    }
}

impl From<Hyperparam> for Schedule {
    fn from(rate: Hyperparam) -> Self {
        Self(Rate::Constant(rate))
    }
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Self {
        Hyperparam::from(rate).into()
    }
}

impl From<f32> for Schedule {
    fn from(rate: f32) -> Self {
        Hyperparam::from(rate).into()
    }
}

impl From<Tensor> for Schedule {
    fn from(rate: Tensor) -> Self {
        Hyperparam::from(rate).into()
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send + Sync + 'static> From<F> for Schedule {
    fn from(rate: F) -> Self {
        Self::new(rate)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rate::Constant(rate) => rate.fmt(f),
            Rate::BuiltIn(name, _) => f.write_str(name),
            Rate::Custom(_) => f.write_str("schedule"),
        }
    }
}
