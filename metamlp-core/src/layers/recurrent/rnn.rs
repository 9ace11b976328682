//! RNN: a cell run over a sequence.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{Error, Tensor};

use super::cell::{Cell, Step};
use super::flip_sequences::flip_sequences;
use crate::argument::{invalid, refuse};

/// The most steps of a sequence. The program of a longer one would take gigabytes.
const MOST_STEPS: usize = 1 << 20;

/// Runs a cell over the time axis (Flax's `RNN`).
///
/// Submodule: `cell`, if the cell was created outside of a running module; a cell created inside of one
/// is that module's own. The steps share all variables. They are unrolled into one program, whose size
/// grows with the length of the sequence. A sequence has at most 2^20 steps.
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
    /// The cell that computes one step.
    #[into]
    cell: Cell,
    /// If true, the time axis is the first, before the batch axes.
    #[default(false)]
    time_major: bool,
    /// If true, runs from the last step to the first.
    #[default(false)]
    reverse: bool,
    /// If true, the outputs of a reversed run are in the order of the inputs.
    #[default(false)]
    keep_order: bool,
    /// The tensors of the first carry; `None` lets the cell create it.
    #[default(None)]
    initial_carry: Option<Vec<Tensor>>,
    /// The key of the first carry.
    #[default(Key::new(0))]
    init_key: Key,
    /// Length of each sequence, integers `[batch..]`; `None` uses the whole time axis. Steps beyond the
    /// length are computed, but the last carry is that at the length, and a reversed run starts there.
    #[default(None)]
    seq_lengths: Option<Tensor>,
}

#[compact]
impl RNN {
    /// Maps `[batch.., time, features..]` (or `[time, batch.., features..]`) to the outputs of all
    /// steps, with the same axes.
    pub fn call(&self, x: &Tensor) -> Tensor {
        match self.run(x) {
            Ok((_, outputs)) => outputs,
            Err(error) => refuse(x, error),
        }
    }

    /// As [`call`](RNN::call), and the tensors of the last carry (Flax's `return_carry`).
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

    /// Checks the fields; returns the number of batch axes.
    #[track_caller]
    pub(super) fn batch_dims(&self, x: &Tensor) -> Result<usize, Error> {
        let feature_axes = self.cell.num_feature_axes();
        let Some(batch_dims) = x.rank().checked_sub(feature_axes + 1) else {
            let expected =
                format!("at least {}: the time axis and the axes of the cell's input", feature_axes + 1);
            return Err(invalid("RNN", "the input's rank", x.rank(), expected));
        };
        let (time_axis, first) = if self.time_major { (0, 1) } else { (batch_dims, 0) };
        let steps = x.shape()[time_axis];
        if steps == 0 || steps > MOST_STEPS {
            let expected = format!("1 to {MOST_STEPS} steps, which are unrolled");
            return Err(invalid("RNN", "the input's time axis", steps, expected));
        }
        let batch = &x.shape()[first..first + batch_dims];
        match &self.seq_lengths {
            Some(lengths) if lengths.shape() != batch || !lengths.dtype().is_integer() => {
                let found = format!("{}{:?}", lengths.dtype(), lengths.shape());
                Err(invalid("RNN", "seq_lengths", found, format!("integers of the batch's shape, {batch:?}")))
            }
            _ => Ok(batch_dims),
        }
    }
}

/// The carry after the last step of each sequence.
fn last_carry(unrolled: &[Step], lengths: Option<&Tensor>) -> Vec<Tensor> {
    let (last, others) = unrolled.split_last().expect("`batch_dims` has checked that there is a step");
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
