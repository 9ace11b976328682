//! A number that may depend on the step.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Error, F32, Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};

/// A learning rate or the like: a [`Hyperparam`], or a function from the count
/// of steps (`i32`, shape `[]`, 0 at first) to a number as a tensor.
///
/// The count is a tensor in the optimizer's state, so that under `jit` one
/// program serves every step; a number is a part of the program.
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
    Function(&'static str, Function),
}

type Function = Arc<dyn Fn(&Tensor) -> Result<Tensor> + Send + Sync>;

impl Schedule {
    /// A rate that depends on the count of steps.
    #[must_use]
    pub fn new(rate: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static) -> Self {
        Self::named("schedule", move |count| Ok(rate(count)))
    }

    /// A rate with a name to print, which may refuse what it was made with.
    pub(super) fn named(
        name: &'static str,
        rate: impl Fn(&Tensor) -> Result<Tensor> + Send + Sync + 'static,
    ) -> Self {
        Self(Rate::Function(name, Arc::new(rate)))
    }

    /// The hyper-parameter, if it is always the same.
    #[must_use]
    pub fn constant(&self) -> Option<&Hyperparam> {
        match &self.0 {
            Rate::Constant(rate) => Some(rate),
            Rate::Function(..) => None,
        }
    }

    /// The number at a step, of shape `[]`.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) if the schedule was made with a number out of
    /// range, or its function returned anything but one float.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// use metamlp_optim::linear_schedule;
    /// let warm_up = linear_schedule(0.0, 1.0, 10);
    /// assert_eq!(warm_up.at(&Tensor::scalar(5))?.item::<f32>()?, 0.5);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    pub fn at(&self, count: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Rate::Constant(rate) => Ok(rate.tensor(F32)),
            Rate::Function(_, function) => {
                let rate = function(count)?;
                if rate.rank() == 0 && rate.dtype().is_float() {
                    return Ok(rate);
                }
                Err(Error::argument(
                    "a schedule",
                    "what its function returned",
                    rate.ty(),
                    "a float of shape []",
                ))
            }
        }
    }

    /// Refuses a constant out of range.
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
            Rate::Function(name, _) => f.write_str(name),
        }
    }
}
