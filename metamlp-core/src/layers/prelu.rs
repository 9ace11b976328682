//! PReLU.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, F32, Tensor};

use super::fields::check;
use crate::argument::{refuse, refused};
use crate::initializers::constant;
use crate::module::Module;

/// `x` where it is not negative, else a learned slope times `x` (Flax's `PReLU`).
///
/// He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).
///
/// Parameters: `negative_slope` `[]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = PReLU::new().negative_slope_init(0.25);
/// let x = Tensor::from_vec([2], vec![-4.0f32, 4.0]);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&x))?.to_vec::<f32>()?, [-1.0, 4.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct PReLU {
    /// The dtype of the slope.
    #[default(F32)]
    param_dtype: DType,
    /// Initial value of the slope.
    #[default(0.01)]
    negative_slope_init: f64,
}

#[compact]
impl PReLU {
    /// Maps any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        if let Err(error) = check::dtypes("PReLU", None, self.param_dtype) {
            return refuse(x, error);
        }
        if !x.dtype().is_float() {
            return refused(x, "PReLU", "the input's dtype", x.dtype(), "a float");
        }
        if !self.negative_slope_init.is_finite() {
            return refused(x, "PReLU", "negative_slope_init", self.negative_slope_init, "a finite number");
        }
        let slope = self.param("negative_slope", constant(self.negative_slope_init), ([], self.param_dtype));
        x.greater_equal(0).select(x, slope.convert(x.dtype()) * x)
    }
}
