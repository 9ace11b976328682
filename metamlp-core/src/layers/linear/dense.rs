//! Fully connected layer.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::Module;
use crate::variables::spec::Spec;

/// A linear transformation of the last axis, `x · kernel + bias` (Flax's `Dense`).
///
/// Parameters: `kernel` `[inputs, features]` and, with `use_bias`, `bias` `[features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Dense::new(3);
/// let variables = layer.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32)))?;
/// assert_eq!(variables.to_string(), "params:\n  kernel: f32[2, 3]\n  bias: f32[3]");
/// let y = layer.apply(&variables, Options::new(), |m| m.call(&Tensor::ones([5, 2], F32)))?;
/// assert_eq!(y.shape(), [5, 3]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Dense {
    /// Number of output features.
    features: usize,
    /// If true, a bias is added.
    #[default(true)]
    use_bias: bool,
    /// The dtype of the computation; `None` promotes the input and the parameters to a common float
    /// dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// Initializer of the kernel.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// Initializer of the bias.
    #[default(zeros())]
    bias_init: Initializer,
}

#[compact]
impl Dense {
    /// Maps `[.., inputs]` to `[.., features]`.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let inputs = match self.inputs(x) {
            Ok(inputs) => inputs,
            Err(error) => return refuse(x, error),
        };
        let kernel = Spec::new([inputs, self.features], self.param_dtype).implied_by(x);
        let kernel = self.param("kernel", &self.kernel_init, kernel);
        if !self.use_bias {
            let [x, kernel] = promote([x, &kernel], self.dtype);
            return x.matmul(&kernel);
        }
        let bias = self.param("bias", &self.bias_init, ([self.features], self.param_dtype));
        let [x, kernel, bias] = promote([x, &kernel, &bias], self.dtype);
        x.matmul(&kernel) + bias
    }
}

impl Dense {
    /// Checks the fields; returns the number of input features.
    fn inputs(&self, x: &Tensor) -> Result<usize, Error> {
        check::size("Dense", "features", self.features)?;
        check::dtypes("Dense", self.dtype, self.param_dtype)?;
        check::last_axis("Dense", x)
    }
}
