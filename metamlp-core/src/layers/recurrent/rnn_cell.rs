//! The trait of recurrent cells.

use metamlp_tensor::random::Key;
use metamlp_tensor::{Tensor, Tree};

use crate::module::Module;

/// One step of a recurrent network: what an [`RNN`](super::RNN) calls (Flax's `RNNCellBase`).
///
/// ```
/// use metamlp::prelude::*;
///
/// /// Adds a dense layer of each input to its carry.
/// #[module]
/// struct Accumulator {
///     features: usize,
/// }
///
/// #[compact]
/// impl Accumulator {
///     fn call(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
///         let sum = carry + Dense::new(self.features).call(x);
///         (sum.clone(), sum)
///     }
/// }
///
/// impl RNNCell for Accumulator {
///     type Carry = Tensor;
///
///     fn step(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
///         self.call(carry, x)
///     }
///
///     fn initialize_carry(&self, _key: &Key, input_shape: &[usize]) -> Tensor {
///         Tensor::zeros([&input_shape[..input_shape.len() - 1], &[self.features]].concat(), F32)
///     }
/// }
///
/// let rnn = RNN::new(Accumulator::new(3));
/// let x = Tensor::ones([2, 4, 5], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 4, 3]);
/// # Ok::<(), metamlp::Error>(())
/// ```
pub trait RNNCell: Module {
    /// The state passed from one step to the next.
    type Carry: Tree;

    /// Runs one step; returns the next carry and the output.
    #[track_caller]
    fn step(&self, carry: &Self::Carry, x: &Tensor) -> (Self::Carry, Tensor);

    /// The first carry, for an input of one step of shape `input_shape`.
    #[track_caller]
    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> Self::Carry;

    /// The number of trailing axes of a step's input that are not batch axes.
    fn num_feature_axes(&self) -> usize {
        1
    }
}
