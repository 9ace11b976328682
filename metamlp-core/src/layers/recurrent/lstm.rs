//! LSTM cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::RNNCell;
use super::carry::{check_step, pair_of_carries};
use crate::activations::{sigmoid, tanh};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, orthogonal, zeros};
use crate::layers::Dense;

/// One step of a long short-term memory (Hochreiter and Schmidhuber, 1997; Flax's `LSTMCell`).
///
/// With `σ` the `gate_fn`: `i, f, o = σ(..)` and `g = tanh(..)` of sums of one [`Dense`] of the input
/// (`ii`, `if`, `ig`, `io`, without bias) and one of `h` (`hi`, `hf`, `hg`, `ho`); `c' = f · c + i · g`
/// and `h' = o · tanh(c')`. The carry is `(c, h)`, the output `h'`.
///
/// ```
/// use metamlp::prelude::*;
/// let cell = LSTMCell::new(4);
/// let x = Tensor::ones([2, 3], F32);
/// let carry = cell.initialize_carry(&Key::new(0), x.shape());
/// let variables = cell.init(Key::new(0), |m| m.call(&carry, &x))?;
/// let (carry, y) = cell.apply(&variables, (), |m| m.call(&carry, &x))?;
/// assert_eq!((carry.0.shape(), y.shape()), (&[2, 4][..], &[2, 4][..]));
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct LSTMCell {
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
impl LSTMCell {
    /// Maps a carry of two `[batch.., features]` and an input `[batch.., inputs]` to the next carry and
    /// the output `[batch.., features]`.
    pub fn call(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        if let Err(error) = check_step("LSTMCell", self.features, (self.dtype, self.param_dtype), &carry.1, x)
        {
            let y = refuse(x, error);
            return ((y.clone(), y.clone()), y);
        }
        let (c, h) = carry;
        let dense = |name: &str| {
            Dense::new(self.features).named(name).dtype(self.dtype).param_dtype(self.param_dtype)
        };
        let from_input = |name| dense(name).use_bias(false).kernel_init(&self.kernel_init).call(x);
        let from_carry =
            |name| dense(name).kernel_init(&self.recurrent_kernel_init).bias_init(&self.bias_init).call(h);
        let i = (self.gate_fn)(&(from_input("ii") + from_carry("hi")));
        let f = (self.gate_fn)(&(from_input("if") + from_carry("hf")));
        let g = (self.activation_fn)(&(from_input("ig") + from_carry("hg")));
        let o = (self.gate_fn)(&(from_input("io") + from_carry("ho")));
        let c = f * c + i * g;
        let h = o * (self.activation_fn)(&c);
        ((c, h.clone()), h)
    }
}

impl RNNCell for LSTMCell {
    type Carry = (Tensor, Tensor);

    fn step(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> (Tensor, Tensor) {
        pair_of_carries(&self.carry_init, key, input_shape, self.features, self.param_dtype)
    }
}
