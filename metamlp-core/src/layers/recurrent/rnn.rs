//! A cell along a sequence.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{Error, Tensor};

use super::cell::{Cell, Step};
use super::flip::flip_sequences;
use crate::argument::{invalid, refuse};

/// Takes a cell along the time axis, from step to step (Flax's `RNN`).
///
/// Submodule: `cell`, if the cell was made outside of a running module; one
/// made inside is that module's own. The steps share all variables and follow
/// each other in one program, which is as long as the sequence: there is no
/// loop in it.
///
/// ```
/// use metamlp::prelude::*;
/// let rnn = RNN::new(LSTMCell::new(4));
/// let x = Tensor::ones([2, 5, 3], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 5, 4]);
/// // What follows the sequence begins with its last carry, c and h.
/// let (carry, _) = rnn.apply(&variables, (), |m| m.call_with_carry(&x))?;
/// let y = rnn.apply(&variables, (), |m| m.with(|m| m.initial_carry(carry)).call(&x))?;
/// assert_eq!(y.shape(), [2, 5, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct RNN {
    /// What makes a step.
    #[into]
    cell: Cell,
    /// Whether time is the first axis, before those of the batch.
    #[default(false)]
    time_major: bool,
    /// Whether to begin with the last step.
    #[default(false)]
    reverse: bool,
    /// Whether the outputs of a reversed run are in the order of the inputs.
    #[default(false)]
    keep_order: bool,
    /// The tensors of the first carry; by default the cell makes one.
    #[default(None)]
    initial_carry: Option<Vec<Tensor>>,
    /// What the cell makes the first carry from.
    #[default(Key::new(0))]
    init_key: Key,
    /// How long each sequence is, integers `[batch..]`; by default all are as
    /// long as the time axis. Steps beyond are made, but the last carry is the
    /// one at the length, and a reversed run begins there.
    #[default(None)]
    seq_lengths: Option<Tensor>,
}

#[compact]
impl RNN {
    /// `[batch.., time, features..]` (or `[time, batch.., features..]`) to the
    /// outputs of all steps, in the same form.
    pub fn call(&self, x: &Tensor) -> Tensor {
        match self.run(x) {
            Ok((_, outputs)) => outputs,
            Err(error) => refuse(x, error),
        }
    }

    /// As [`call`](RNN::call), and the tensors of the last carry: Flax's
    /// `return_carry`.
    pub fn call_with_carry(&self, x: &Tensor) -> (Vec<Tensor>, Tensor) {
        self.run(x).unwrap_or_else(|error| (Vec::new(), refuse(x, error)))
    }
}

impl RNN {
    #[track_caller]
    fn run(&self, x: &Tensor) -> Result<(Vec<Tensor>, Tensor), Error> {
        let batch_dims = self.batch_dims(x)?;
        let time_axis = if self.time_major { 0 } else { batch_dims };
        let lengths = self.seq_lengths.as_ref();
        let flipped = |x: &Tensor| flip_sequences(x, lengths, batch_dims, self.time_major);

        let inputs = if self.reverse { flipped(x) } else { x.clone() };
        let (axis, time) = (time_axis.cast_signed(), x.shape()[time_axis]);
        let steps: Vec<Tensor> = (0..time).map(|t| inputs.slice_axis(axis, t, t + 1).squeeze(axis)).collect();
        let unrolled = self.cell.unroll(self.initial_carry.as_deref(), &self.init_key, &steps)?;

        let outputs: Vec<&Tensor> = unrolled.iter().map(|step| &step.output).collect();
        let mut outputs = Tensor::stack(&outputs, axis);
        if self.reverse && self.keep_order {
            outputs = flipped(&outputs);
        }
        Ok((last_carry(&unrolled, lengths), outputs))
    }

    /// How many axes the batch has, if all is well.
    #[track_caller]
    pub(super) fn batch_dims(&self, x: &Tensor) -> Result<usize, Error> {
        let feature_axes = self.cell.num_feature_axes();
        let Some(batch_dims) = x.rank().checked_sub(feature_axes + 1) else {
            let expected = format!("at least {}: time and what the cell takes", feature_axes + 1);
            return Err(invalid("RNN", "the input's rank", x.rank(), expected));
        };
        let (time_axis, first) = if self.time_major { (0, 1) } else { (batch_dims, 0) };
        if x.shape()[time_axis] == 0 {
            return Err(invalid("RNN", "the input's time axis", 0, "at least 1 step"));
        }
        let batch = &x.shape()[first..first + batch_dims];
        match &self.seq_lengths {
            Some(lengths) if lengths.shape() != batch || !lengths.dtype().is_integer() => {
                let found = format!("{}{:?}", lengths.dtype(), lengths.shape());
                Err(invalid("RNN", "seq_lengths", found, format!("integers {batch:?}, as the batch")))
            }
            _ => Ok(batch_dims),
        }
    }
}

/// The carry after the last step, of each sequence its own last.
fn last_carry(unrolled: &[Step], lengths: Option<&Tensor>) -> Vec<Tensor> {
    let Some((last, others)) = unrolled.split_last() else { return Vec::new() };
    let Some(lengths) = lengths else { return last.carry.clone() };
    let mut carry = last.carry.clone();
    for (length, step) in (1..).zip(others) {
        let ends_here = lengths.equal(length);
        for (carry, own) in carry.iter_mut().zip(&step.carry) {
            let rest = vec![1; own.rank().saturating_sub(lengths.rank())];
            let ends_here = ends_here.reshape([lengths.shape(), &rest].concat());
            *carry = ends_here.select(own, &*carry);
        }
    }
    carry
}
