//! GRU cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::RNNCell;
use super::carry::{carry, check_step};
use crate::activations::{sigmoid, tanh};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a gated recurrent unit (Cho et al., 2014, in the variant that applies the reset gate
/// after the product; Flax's `GRUCell`).
///
/// With `σ` the `gate_fn`, and one [`Dense`] per name, of the input (`ir`, `iz`, `in`) or of `h` (`hr` and
/// `hz` without bias, `hn`): `r = σ(ir + hr)`, `z = σ(iz + hz)`, `n = tanh(in + r · hn)` and
/// `h' = (1 - z) · n + z · h`. The carry is `h`; the output is `h'`.
///
/// ```
/// use metamlp::prelude::*;
/// let rnn = RNN::new(GRUCell::new(4));
/// let x = Tensor::ones([2, 5, 3], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 5, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct GRUCell {
    /// Number of features of the carry and of the output.
    features: usize,
    /// Activation of the gates.
    #[default(sigmoid)]
    gate_fn: fn(&Tensor) -> Tensor,
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
}

#[compact]
impl GRUCell {
    /// Maps a carry `[batch.., features]` and an input `[batch.., inputs]` to the next carry and the
    /// output, which are equal.
    pub fn call(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        if let Err(error) = check_step("GRUCell", self.features, (self.dtype, self.param_dtype), carry, x) {
            let y = refuse(x, error);
            return (y.clone(), y);
        }
        let h = carry;
        let dense = |name: &str| {
            Dense::new(self.features).named(name).dtype(self.dtype).param_dtype(self.param_dtype)
        };
        let from_input = |name| dense(name).kernel_init(&self.kernel_init).bias_init(&self.bias_init).call(x);
        let from_carry = |name, use_bias| {
            let dense = dense(name).use_bias(use_bias).kernel_init(&self.recurrent_kernel_init);
            dense.bias_init(&self.bias_init).call(h)
        };
        let r = (self.gate_fn)(&(from_input("ir") + from_carry("hr", false)));
        let z = (self.gate_fn)(&(from_input("iz") + from_carry("hz", false)));
        let n = (self.activation_fn)(&(from_input("in") + r * from_carry("hn", true)));
        let h = (1.0 - &z) * n + z * h;
        (h.clone(), h)
    }
}

impl RNNCell for GRUCell {
    type Carry = Tensor;

    fn step(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> Tensor {
        carry(&self.carry_init, key.clone(), input_shape, self.features, self.param_dtype)
    }
}
