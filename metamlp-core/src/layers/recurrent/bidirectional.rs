//! Two runs along a sequence, one from either end.

use metamlp_macros::{compact, module};
use metamlp_tensor::Tensor;

use super::rnn::RNN;
use crate::argument::refuse;
use crate::module::Module;

/// Runs one [`RNN`] forwards and another backwards, and merges what they give
/// for each step (Schuster and Paliwal, 1997; Flax's `Bidirectional`).
///
/// Submodules: `forward_rnn` and `backward_rnn`, whose own `reverse` and
/// `keep_order` do not count.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Bidirectional::new(RNN::new(GRUCell::new(4)), RNN::new(GRUCell::new(4)));
/// let x = Tensor::ones([2, 5, 3], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(layer.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 5, 8]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Bidirectional {
    /// The one that begins with the first step.
    forward_rnn: RNN,
    /// The one that begins with the last step.
    backward_rnn: RNN,
    /// What becomes of the two outputs; by default they are joined along the last axis.
    #[default(concatenate)]
    merge_fn: fn(&Tensor, &Tensor) -> Tensor,
    /// Whether time is the first axis, before those of the batch.
    #[default(false)]
    time_major: bool,
    /// How long each sequence is, integers `[batch..]`; by default all are as
    /// long as the time axis.
    #[default(None)]
    seq_lengths: Option<Tensor>,
}

#[compact]
impl Bidirectional {
    /// `[batch.., time, features..]` (or `[time, batch.., features..]`) to the
    /// merged outputs of all steps, in the same form.
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.run(x).1
    }

    /// As [`call`](Bidirectional::call), and the tensors of the last carry of
    /// either run: Flax's `return_carry`.
    pub fn call_with_carry(&self, x: &Tensor) -> ([Vec<Tensor>; 2], Tensor) {
        self.run(x)
    }
}

impl Bidirectional {
    #[track_caller]
    fn run(&self, x: &Tensor) -> ([Vec<Tensor>; 2], Tensor) {
        let configured = |rnn: RNN| rnn.time_major(self.time_major).seq_lengths(self.seq_lengths.clone());
        let forward = self.forward_rnn.with(|rnn| configured(rnn).reverse(false));
        let backward = self.backward_rnn.with(|rnn| configured(rnn).reverse(true).keep_order(true));
        // Here the caller's line is known; in the RNN it would be one of this file.
        for rnn in [&forward, &backward] {
            if let Err(error) = rnn.batch_dims(x) {
                return ([Vec::new(), Vec::new()], refuse(x, error));
            }
        }
        let (forward_carry, forward_outputs) = forward.call_with_carry(x);
        let (backward_carry, backward_outputs) = backward.call_with_carry(x);
        let outputs = (self.merge_fn)(&forward_outputs, &backward_outputs);
        ([forward_carry, backward_carry], outputs)
    }
}

#[track_caller]
fn concatenate(forward: &Tensor, backward: &Tensor) -> Tensor {
    Tensor::concatenate(&[forward, backward], -1)
}
