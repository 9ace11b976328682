//! Simple recurrent cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::RNNCell;
use super::carry::{carry, check_step};
use crate::activations::tanh;
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a simple recurrent network: `h' = tanh(W x + b + U h)` (Elman, 1990; Flax's
/// `SimpleCell`).
///
/// Submodules: [`Dense`] `i` of the input and, without bias, `h` of the carry. The carry is `h`; the
/// output is `h'`.
///
/// ```
/// use metamlp::prelude::*;
/// let rnn = RNN::new(SimpleCell::new(4));
/// let x = Tensor::ones([2, 5, 3], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 5, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct SimpleCell {
    /// Number of features of the carry and of the output.
    features: usize,
    /// Activation of the cell's new content.
    #[default(tanh)]
    activation_fn: fn(&Tensor) -> Tensor,
    /// Initializer of the kernels that transform the input.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// Initializer of the kernels that transform the carry.
    #[default(orthogonal(1.0, -1))]
    recurrent_kernel_init: Initializer,
    /// Initializer of the biases.
    #[default(zeros())]
    bias_init: Initializer,
    /// The dtype of the computation; `None` promotes the input and the parameters to a common float
    /// dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters and of the first carry.
    #[default(F32)]
    param_dtype: DType,
    /// Initializer of the first carry.
    #[default(zeros())]
    carry_init: Initializer,
    /// If true, the old carry is added before the activation.
    #[default(false)]
    residual: bool,
}

#[compact]
impl SimpleCell {
    /// Maps a carry `[batch.., features]` and an input `[batch.., inputs]` to the next carry and the
    /// output, which are equal.
    pub fn call(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        if let Err(error) = check_step("SimpleCell", self.features, (self.dtype, self.param_dtype), carry, x)
        {
            let y = refuse(x, error);
            return (y.clone(), y);
        }
        let dense = |name: &str| {
            Dense::new(self.features).named(name).dtype(self.dtype).param_dtype(self.param_dtype)
        };
        let from_input = dense("i").kernel_init(&self.kernel_init).bias_init(&self.bias_init).call(x);
        let from_carry = dense("h").use_bias(false).kernel_init(&self.recurrent_kernel_init).call(carry);
        let mut sum = from_input + from_carry;
        if self.residual {
            sum = sum + carry;
        }
        let h = (self.activation_fn)(&sum);
        (h.clone(), h)
    }
}

impl RNNCell for SimpleCell {
    type Carry = Tensor;

    fn step(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> Tensor {
        carry(&self.carry_init, key.clone(), input_shape, self.features, self.param_dtype)
    }
}
