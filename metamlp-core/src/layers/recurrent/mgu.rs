//! The minimal gated unit.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::cell::{RNNCell, carry, check_step};
use crate::activations::{sigmoid, tanh};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, ones, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a minimal gated unit (Zhou et al., "Minimal gated unit for
/// recurrent neural networks", 2016; Flax's `MGUCell`).
///
/// With σ the `gate_fn` and a [`Dense`] for each name, of the input (`if`, `in`)
/// or of `h` (`hf` without bias, `hn`): `f = σ(if + hf)`, `n = tanh(in + f · hn)`
/// and `h' = (1 - f) · n + f · h`. Without `reset_gate` there is no factor `f`
/// in `n`, and `hn` has no bias. The carry is `h`, and the output the new one.
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
    /// The extent of the carry and the output.
    features: usize,
    /// What the gates are squashed by.
    #[default(sigmoid)]
    gate_fn: fn(&Tensor) -> Tensor,
    /// What the new content is squashed by.
    #[default(tanh)]
    activation_fn: fn(&Tensor) -> Tensor,
    /// What the kernels from the input are initialised by.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// What the kernels from the carry are initialised by.
    #[default(orthogonal(1.0, -1))]
    recurrent_kernel_init: Initializer,
    /// What the forget gate's bias is initialised by.
    #[default(ones())]
    forget_bias_init: Initializer,
    /// What the other biases are initialised by.
    #[default(zeros())]
    activation_bias_init: Initializer,
    /// The dtype to compute in; by default the widest of the input and the parameters.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype that the parameters and the carry are created in.
    #[default(F32)]
    param_dtype: DType,
    /// What the first carry is initialised by.
    #[default(zeros())]
    carry_init: Initializer,
    /// Whether the gate is applied to the carry's part in the new content.
    #[default(true)]
    reset_gate: bool,
}

#[compact]
impl MGUCell {
    /// A carry `[batch.., features]` and `[batch.., inputs]`, to the next carry
    /// and the output, which are the same.
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
