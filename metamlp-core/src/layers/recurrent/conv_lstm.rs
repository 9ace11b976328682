//! Convolutional LSTM cell.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::RNNCell;
use super::carry::pair_of_carries;
use crate::activations::{sigmoid, tanh};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::zeros;
use crate::layers::fields::check;
use crate::layers::{Conv, ConvPadding, Sizes};

/// One step of a convolutional LSTM (Shi et al., "Convolutional LSTM network", 2015; Flax's
/// `ConvLSTMCell`).
///
/// Submodules: [`Conv`] `ih` of the input and `hh` of `h`, each with `4 · features` outputs, for `i`,
/// `g`, `f` and `o` in this order. `c' = σ(f + 1) · c + σ(i) · tanh(g)` and `h' = σ(o) · tanh(c')`. The
/// carry is `(c, h)`, the output `h'`.
///
/// ```
/// use metamlp::prelude::*;
/// let rnn = RNN::new(ConvLSTMCell::new(4, [3, 3]));
/// let films = Tensor::ones([2, 5, 8, 8, 3], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&films))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&films))?.shape(), [2, 5, 8, 8, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct ConvLSTMCell {
    /// Number of features of the carry and of the output.
    features: usize,
    /// Shape of the kernels: one extent per spatial axis.
    #[into]
    kernel_size: Sizes,
    /// Window strides, one number or one per spatial axis.
    #[default(Sizes::from(1))]
    strides: Sizes,
    /// Padding of the spatial axes of the input and of `h`.
    #[default(ConvPadding::Same)]
    padding: ConvPadding,
    /// If true, biases are added.
    #[default(true)]
    use_bias: bool,
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
impl ConvLSTMCell {
    /// Maps a carry of two `[batch.., spatial.., features]` and an input `[batch.., spatial.., inputs]`
    /// to the next carry and the output `[batch.., spatial.., features]`.
    pub fn call(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        let (c, h) = carry;
        if let Err(error) = self.check(h, x) {
            let y = refuse(x, error);
            return ((y.clone(), y.clone()), y);
        }
        let conv = |name: &str| {
            Conv::new(4 * self.features, self.kernel_size.clone())
                .named(name)
                .strides(self.strides.clone())
                .padding(self.padding.clone())
                .use_bias(self.use_bias)
                .dtype(self.dtype)
                .param_dtype(self.param_dtype)
        };
        let gates = conv("ih").call(x) + conv("hh").call(h);
        let gate = |i: usize| gates.slice_axis(-1, i * self.features, (i + 1) * self.features);
        let f = sigmoid(&(gate(2) + 1.0));
        let c = f * c + sigmoid(&gate(0)) * tanh(&gate(1));
        let h = sigmoid(&gate(3)) * tanh(&c);
        ((c, h.clone()), h)
    }
}

impl ConvLSTMCell {
    fn check(&self, h: &Tensor, x: &Tensor) -> Result<(), Error> {
        const NAME: &str = "ConvLSTMCell";
        check::size(NAME, "features", self.features.saturating_mul(4))?;
        check::sizes(NAME, "kernel_size", &self.kernel_size)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        check::last_axis(NAME, x)?;
        if x.rank() <= self.kernel_size.len() {
            let expected = format!("[batch.., {} spatial axes, features]", self.kernel_size.len());
            return Err(invalid(NAME, "the input's shape", format!("{:?}", x.shape()), expected));
        }
        if h.shape().last() != Some(&self.features) {
            let expected = format!("[.., {}], by `features`", self.features);
            return Err(invalid(NAME, "the carry's shape", format!("{:?}", h.shape()), expected));
        }
        Ok(())
    }
}

impl RNNCell for ConvLSTMCell {
    type Carry = (Tensor, Tensor);

    fn step(&self, carry: &(Tensor, Tensor), x: &Tensor) -> ((Tensor, Tensor), Tensor) {
        self.call(carry, x)
    }

    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> (Tensor, Tensor) {
        pair_of_carries(&self.carry_init, key, input_shape, self.features, self.param_dtype)
    }

    fn num_feature_axes(&self) -> usize {
        self.kernel_size.len() + 1
    }
}
