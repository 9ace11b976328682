//! MGU cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::RNNCell;
use super::carry::{carry, check_step};
use crate::activations::{sigmoid, tanh};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, ones, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a minimal gated unit (Zhou et al., "Minimal gated unit for recurrent neural networks",
/// 2016; Flax's `MGUCell`).
///
/// With `σ` the `gate_fn`, and one [`Dense`] per name, of the input (`if`, `in`) or of `h` (`hf`
/// without bias, `hn`): `f = σ(if + hf)`, `n = tanh(in + f · hn)` and `h' = (1 - f) · n + f · h`.
/// Without `reset_gate` the factor `f` in `n` is left out, and `hn` has no bias. The carry is `h`; the
/// output is `h'`.
///
/// ```
/// use metamlp::prelude::*;
/// let rnn = RNN::new(MGUCell::new(4));
/// let x = Tensor::ones([2, 5, 3], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 5, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct MGUCell {
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
    /// Initializer of the bias of the forget gate.
    #[default(ones())]
    forget_bias_init: Initializer,
    /// Initializer of the other biases.
    #[default(zeros())]
    activation_bias_init: Initializer,
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
    /// If true, the forget gate is applied to the carry inside the new content, too.
    #[default(true)]
    reset_gate: bool,
}

#[compact]
impl MGUCell {
    /// Maps a carry `[batch.., features]` and an input `[batch.., inputs]` to the next carry and the
    /// output, which are equal.
    pub fn call(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        if let Err(error) = check_step("MGUCell", self.features, (self.dtype, self.param_dtype), carry, x) {
            let y = refuse(x, error);
            return (y.clone(), y);
        }
        let h = carry;
        let dense = |name: &str| {
            Dense::new(self.features).named(name).dtype(self.dtype).param_dtype(self.param_dtype)
        };
        let from_input =
            |name, bias_init| dense(name).kernel_init(&self.kernel_init).bias_init(bias_init).call(x);
        let from_carry = |name, use_bias| {
            let dense = dense(name).use_bias(use_bias).kernel_init(&self.recurrent_kernel_init);
            dense.bias_init(&self.activation_bias_init).call(h)
        };
        let f = (self.gate_fn)(&(from_input("if", &self.forget_bias_init) + from_carry("hf", false)));
        let mut remembered = from_carry("hn", self.reset_gate);
        if self.reset_gate {
            remembered = remembered * &f;
        }
        let n = (self.activation_fn)(&(from_input("in", &self.activation_bias_init) + remembered));
        let h = (1.0 - &f) * n + f * h;
        (h.clone(), h)
    }
}

impl RNNCell for MGUCell {
    type Carry = Tensor;

    fn step(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> Tensor {
        carry(&self.carry_init, key.clone(), input_shape, self.features, self.param_dtype)
    }
}
