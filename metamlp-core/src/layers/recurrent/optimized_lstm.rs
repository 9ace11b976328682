//! LSTM cell with two fused products.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, F32, Tensor};

use super::RNNCell;
use super::carry::{check_step, pair_of_carries};
use crate::activations::{sigmoid, tanh};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, orthogonal, zeros};
use crate::layers::fields::promote::promote;
use crate::module::Module;
use crate::variables::spec::Spec;

/// An [`LSTMCell`](super::LSTMCell) with the same parameters, computed as one product with the input
/// and one with `h` (Flax's `OptimizedLSTMCell`): faster for few features.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::ones([2, 5, 3], F32);
/// let (optimized, plain) = (RNN::new(OptimizedLSTMCell::new(4)), RNN::new(LSTMCell::new(4)));
/// let variables = plain.init(Key::new(0), |m| m.call(&x))?;
/// let difference = plain.apply(&variables, (), |m| m.call(&x))? - optimized.apply(&variables, (), |m| m.call(&x))?;
/// assert!(difference.abs().max_all().item::<f32>()? < 1e-6);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct OptimizedLSTMCell {
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
impl OptimizedLSTMCell {
    /// Maps a carry of two `[batch.., features]` and an input `[batch.., inputs]` to the next carry and
    /// the output `[batch.., features]`.
    pub fn call(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        if let Err(error) =
            check_step("OptimizedLSTMCell", self.features, (self.dtype, self.param_dtype), &carry.1, x)
        {
            let y = refuse(x, error);
            return ((y.clone(), y.clone()), y);
        }
        let (c, h) = carry;
        let (mut kernels_i, mut kernels_h, mut biases) = (Vec::new(), Vec::new(), Vec::new());
        for gate in ["i", "f", "g", "o"] {
            let params = |name: String, init: &Initializer| {
                DenseParams::new(self.features, init.clone(), self.bias_init.clone(), self.param_dtype)
                    .named(name)
            };
            kernels_i.push(params(format!("i{gate}"), &self.kernel_init).kernel(x));
            let (kernel, bias) = params(format!("h{gate}"), &self.recurrent_kernel_init).kernel_and_bias(h);
            kernels_h.push(kernel);
            biases.push(bias);
        }
        let joined = |tensors: &[Tensor]| Tensor::concatenate(tensors, -1);
        let [x, kernel] = promote([x, &joined(&kernels_i)], self.dtype);
        let from_input = x.matmul(&kernel);
        let [h, kernel, bias] = promote([h, &joined(&kernels_h), &joined(&biases)], self.dtype);
        let sums = h.matmul(&kernel) + bias + from_input;

        let features = self.features;
        let part = |i: usize| sums.slice_axis(-1, i * features, (i + 1) * features);
        let (i, f) = ((self.gate_fn)(&part(0)), (self.gate_fn)(&part(1)));
        let (g, o) = ((self.activation_fn)(&part(2)), (self.gate_fn)(&part(3)));
        let c = f * c + i * g;
        let h = o * (self.activation_fn)(&c);
        ((c, h.clone()), h)
    }
}

/// The parameters of a [`Dense`](crate::layers::Dense), which are concatenated before the product.
#[module]
struct DenseParams {
    features: usize,
    kernel_init: Initializer,
    bias_init: Initializer,
    param_dtype: DType,
}

#[compact]
impl DenseParams {
    fn kernel(&self, x: &Tensor) -> Tensor {
        let inputs = *x.shape().last().expect("`check_step` has checked the last axis");
        let spec = Spec::new([inputs, self.features], self.param_dtype).implied_by(x);
        self.param("kernel", &self.kernel_init, spec)
    }

    fn kernel_and_bias(&self, x: &Tensor) -> (Tensor, Tensor) {
        (self.kernel(x), self.param("bias", &self.bias_init, ([self.features], self.param_dtype)))
    }
}

impl RNNCell for OptimizedLSTMCell {
    type Carry = (Tensor, Tensor);

    fn step(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> (Tensor, Tensor) {
        pair_of_carries(&self.carry_init, key, input_shape, self.features, self.param_dtype)
    }
}
