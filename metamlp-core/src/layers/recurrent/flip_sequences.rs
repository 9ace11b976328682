//! Reversal of sequences.

use metamlp_tensor::{I32, Tensor};

use crate::argument::refused;

/// Reverses each sequence of a batch up to its own length; padding stays at the end.
///
/// `inputs` is `[batch.., time, features..]` with `num_batch_dims` batch axes, or
/// `[time, batch.., features..]` if `time_major`; `seq_lengths` is `[batch..]`, integers, `None` for full
/// length. Flax's `flip_sequences`.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::from_vec([2, 3], vec![1, 2, 3, 4, 5, 0]);
/// let lengths = Tensor::from_vec([2], vec![3, 2]);
/// let flipped = flip_sequences(&x, Some(&lengths), 1, false);
/// assert_eq!(flipped.to_vec::<i32>()?, [3, 2, 1, 5, 4, 0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn flip_sequences(
    inputs: &Tensor,
    seq_lengths: Option<&Tensor>,
    num_batch_dims: usize,
    time_major: bool,
) -> Tensor {
    const NAME: &str = "flip_sequences";
    if num_batch_dims >= inputs.rank() {
        let expected = format!("less than the {} axes of the inputs, one of which is time", inputs.rank());
        return refused(inputs, NAME, "num_batch_dims", num_batch_dims, expected);
    }
    let time_axis = if time_major { 0 } else { num_batch_dims };
    let Some(lengths) = seq_lengths else { return inputs.flip(time_axis.cast_signed()) };

    // Move time behind the batch axes, to merge them all into one axis of rows.
    let mut order: Vec<usize> = (0..inputs.rank()).collect();
    if time_major {
        order[..=num_batch_dims].rotate_left(1);
    }
    let by_batch = inputs.transpose(&order);
    let (batch, rest) = by_batch.shape().split_at(num_batch_dims);
    let (time, features) = (rest[0], &rest[1..]);
    if lengths.shape() != batch || !lengths.dtype().is_integer() {
        let found = format!("{}{:?}", lengths.dtype(), lengths.shape());
        return refused(inputs, NAME, "seq_lengths", found, format!("integers {batch:?}"));
    }
    let sequences: usize = batch.iter().product();
    let Some(rows) = sequences.checked_mul(time).and_then(|rows| i32::try_from(rows).ok()) else {
        return refused(
            inputs,
            NAME,
            "the steps of the batch",
            format!("{batch:?} · {time}"),
            "a product of at most 2147483647",
        );
    };
    if rows == 0 {
        return inputs.clone();
    }
    // Row `t` is row `(time - 1 - t + length) mod time` of the input.
    let extent = rows / i32::try_from(sequences).expect("not more than `rows`, which is an `i32`");
    let from_end = extent - 1 - Tensor::arange(time, I32);
    let wanted = (lengths.convert(I32).reshape([sequences, 1]) + from_end + extent).remainder(extent);
    let first = Tensor::arange(sequences, I32).reshape([sequences, 1]) * extent;
    let rows = by_batch.reshape([&[sequences * time], features].concat());
    let flipped = rows.take(&(wanted + first).reshape([sequences * time]), 0).reshape(by_batch.shape());
    if time_major {
        let mut back: Vec<usize> = (0..inputs.rank()).collect();
        back[..=num_batch_dims].rotate_right(1);
        return flipped.transpose(back);
    }
    flipped
}
