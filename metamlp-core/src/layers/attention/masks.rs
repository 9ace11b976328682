//! Attention masks: `true` where a query may attend to a key.

use std::panic::Location;

use metamlp_tensor::{BOOL, I32, Tensor, with_caller};

use crate::argument::refused;

/// The mask of pairs of valid positions: `query_input` `[batch.., queries]` and `key_input`
/// `[batch.., keys]`, zero at padding, to `[batch.., 1, queries, keys]`. The axis of extent 1 is for the
/// heads.
///
/// Flax's `make_attention_mask`, as `bool`. For more batch axes,
/// [`expand_dims`](Tensor::expand_dims).
///
/// ```
/// use metamlp::prelude::*;
/// let (queries, keys) = (Tensor::from_vec([2], vec![7, 0]), Tensor::from_vec([3], vec![7, 8, 0]));
/// let mask = make_attention_mask(&queries, &keys);
/// assert_eq!(mask.shape(), [1, 2, 3]);
/// assert_eq!(mask.to_vec::<bool>()?, [true, true, false, false, false, false]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn make_attention_mask(queries: &Tensor, keys: &Tensor) -> Tensor {
    make_attention_mask_with(&queries.convert(BOOL), &keys.convert(BOOL), |query, key| query.and(key))
}

/// [`make_attention_mask`] with another pairwise function, of `[.., queries, 1]` and `[.., 1, keys]`.
#[track_caller]
#[must_use]
pub fn make_attention_mask_with(
    queries: &Tensor,
    keys: &Tensor,
    pairwise: impl FnOnce(&Tensor, &Tensor) -> Tensor,
) -> Tensor {
    for input in [queries, keys] {
        if input.rank() == 0 {
            return refused(input, "make_attention_mask", "the rank", 0, "at least 1, the positions");
        }
    }
    pairwise(&queries.expand_dims(-1), &keys.expand_dims(-2)).convert(BOOL).expand_dims(-3)
}

/// The causal mask, in which no query attends to a later key: `[batch.., length]` (only the shape is
/// used) to `[batch.., 1, length, length]`. Flax's `make_causal_mask`, as `bool`.
///
/// ```
/// use metamlp::prelude::*;
/// let mask = make_causal_mask(&Tensor::ones([2], F32));
/// assert_eq!(mask.to_vec::<bool>()?, [true, false, true, true]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn make_causal_mask(x: &Tensor) -> Tensor {
    let Some(last) = x.rank().checked_sub(1) else {
        return refused(x, "make_causal_mask", "the rank", 0, "at least 1, the positions");
    };
    let positions = Tensor::iota(x.shape(), last, I32);
    make_attention_mask_with(&positions, &positions, |query, key| query.greater_equal(key))
}

/// The logical and of the masks, which have the same rank; `None` if there are none.
///
/// ```
/// use metamlp::prelude::*;
/// let ids = Tensor::from_vec([1, 3], vec![4, 5, 0]);
/// let mask = combine_masks([Some(make_causal_mask(&ids)), Some(make_attention_mask(&ids, &ids)), None]);
/// assert_eq!(mask.unwrap().convert(I32).sum_all().item::<i32>()?, 3);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn combine_masks(masks: impl IntoIterator<Item = Option<Tensor>>) -> Option<Tensor> {
    let masks = masks.into_iter().flatten();
    let both = |combined: Tensor, mask: Tensor| {
        if combined.rank() != mask.rank() {
            let (found, expected) = (mask.rank(), format!("{}, as of the others", combined.rank()));
            return refused(&combined, "combine_masks", "the rank of a mask", found, expected);
        }
        combined.convert(BOOL).and(mask.convert(BOOL))
    };
    let caller = Location::caller();
    masks.reduce(|combined, mask| with_caller(caller, || both(combined, mask)))
}
