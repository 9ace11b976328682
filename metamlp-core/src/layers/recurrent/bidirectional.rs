//! Bidirectional RNN.

use metamlp_macros::{compact, module};
use metamlp_tensor::Tensor;

use super::rnn::RNN;
use crate::argument::refuse;
use crate::module::Module;

/// Runs one [`RNN`] forwards and another backwards, and merges their outputs at each step (Schuster and
/// Paliwal, 1997; Flax's `Bidirectional`).
///
/// Submodules: `forward_rnn` and `backward_rnn`; their own `reverse` and `keep_order` are ignored.
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
    /// The RNN that runs from the first step to the last.
    forward_rnn: RNN,
    /// The RNN that runs from the last step to the first.
    backward_rnn: RNN,
    /// Merges the two outputs; the default concatenates them along the last axis.
    #[default(concatenate)]
    merge_fn: fn(&Tensor, &Tensor) -> Tensor,
    /// If true, the time axis is the first, before the batch axes.
    #[default(false)]
    time_major: bool,
    /// Length of each sequence, integers `[batch..]`; `None` uses the whole time axis.
    #[default(None)]
    seq_lengths: Option<Tensor>,
}

#[compact]
impl Bidirectional {
    /// Maps `[batch.., time, features..]` (or `[time, batch.., features..]`) to the merged outputs of
    /// all steps, with the same axes.
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.run(x).1
    }

    /// As [`call`](Bidirectional::call), and the tensors of the last carry of each direction (Flax's
    /// `return_carry`).
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
        // Checked here, where the caller's line is known; in the RNN it would be a line of this file.
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
