//! Work on consecutive parts of a slice, on several threads if it is worth it. Knows slices and costs only.

use rayon::prelude::*;

/// Cost in additions from which a kernel runs on several threads.
pub(crate) const PARALLEL_COST: usize = 1 << 17;

/// Calls `f` with the number and the elements of each part of `result`; a part has `length` elements. `cost` is the
/// cost of all calls in additions. `f` is a trait object so that this function is compiled once per element type.
pub(crate) fn each_part<T: Send>(
    result: &mut [T],
    length: usize,
    cost: usize,
    f: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    if length == 0 {
        return;
    }
    if cost < PARALLEL_COST {
        result.chunks_mut(length).enumerate().for_each(|(number, part)| f(number, part));
        return;
    }
    let together = (result.len() / length).saturating_mul(PARALLEL_COST / 4) / cost;
    result
        .par_chunks_mut(length)
        .enumerate()
        .with_min_len(together.max(1))
        .for_each(|(number, part)| f(number, part));
}
