//! The plain recurrent cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::cell::{RNNCell, carry, check_step};
use crate::activations::tanh;
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a plain recurrent network: `h' = tanh(W x + b + U h)` (Elman, 1990;
/// Flax's `SimpleCell`).
///
/// Submodules: [`Dense`] `i` of the input and, without bias, `h` of the carry,
/// which is `h`. The output is the new carry.
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
    /// The extent of the carry and the output.
    features: usize,
    /// What the new content is squashed by.
    #[default(tanh)]
    activation_fn: fn(&Tensor) -> Tensor,
    /// What the kernels from the input are initialised by.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// What the kernels from the carry are initialised by.
    #[default(orthogonal(1.0, -1))]
    recurrent_kernel_init: Initializer,
    /// What the biases are initialised by.
    #[default(zeros())]
    bias_init: Initializer,
    /// The dtype to compute in; by default the widest of the input and the parameters.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype that the parameters and the carry are created in.
    #[default(F32)]
    param_dtype: DType,
    /// What the first carry is initialised by.
    #[default(zeros())]
    carry_init: Initializer,
    /// Whether the old carry is added before squashing.
    #[default(false)]
    residual: bool,
}

#[compact]
impl SimpleCell {
    /// A carry `[batch.., features]` and `[batch.., inputs]`, to the next carry
    /// and the output, which are the same.
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
