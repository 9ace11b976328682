//! A number that may depend on the step.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Result, Tensor};

use crate::argument::invalid;

/// A learning rate: a number, or a function from the count of steps (`i32`, shape
/// `[]`, 0 at first) to a number as a tensor.
///
/// The count is a tensor in the optimizer's state, so that under `jit` one
/// program serves every step; a number is a part of the program.
///
/// ```
/// use metamlp::optim::{Schedule, adam};
/// let constant = adam(1e-3);
/// let halved_each_1000 = adam(Schedule::new(|step| (step * -0.001 * 2.0f64.ln()).exp() * 1e-3));
/// ```
#[derive(Clone)]
pub struct Schedule(Rate);

#[derive(Clone)]
enum Rate {
    Constant(f64),
    Function(Arc<dyn Fn(&Tensor) -> Tensor + Send + Sync>),
}

impl Schedule {
    /// A rate that depends on the count of steps.
    #[must_use]
    pub fn new(rate: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static) -> Self {
        Self(Rate::Function(Arc::new(rate)))
    }

    /// The number, if it is always the same.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self.0 {
            Rate::Constant(rate) => Some(rate),
            Rate::Function(_) => None,
        }
    }

    /// The number at a step, of shape `[]`.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) if the function returned anything but one float.
    pub fn at(&self, count: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Rate::Constant(rate) => Ok(Tensor::scalar(*rate)),
            Rate::Function(function) => {
                let rate = function(count);
                if rate.rank() == 0 && rate.dtype().is_float() {
                    return Ok(rate);
                }
                Err(invalid("a schedule", "what its function returned", rate.ty(), "a float of shape []"))
            }
        }
    }
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Self {
        Self(Rate::Constant(rate))
    }
}

impl From<f32> for Schedule {
    fn from(rate: f32) -> Self {
        Self(Rate::Constant(rate.into()))
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send + Sync + 'static> From<F> for Schedule {
    fn from(rate: F) -> Self {
        Self::new(rate)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rate::Constant(rate) => rate.fmt(f),
            Rate::Function(_) => f.write_str("schedule"),
        }
    }
}
