//! Positions of extrema along one axis. Knows contiguous buffers; nothing of fusion.

use crate::graph::op::Extremum;
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::exhausted;
use crate::shape::Type;

use crate::embedded::slices::parallel::each_part;
use crate::embedded::slices::view::split_at_axis;

/// The position (`i32`) of the first extremum along `axis`.
pub(crate) fn arg_reduce<T: Arithmetic + Stored>(
    operand: (&Buffer, &Type),
    kind: Extremum,
    axis: usize,
) -> Buffer {
    let (outer, extent, inner) = split_at_axis(&operand.1.shape, axis);
    let elements = operand.0.elements::<T>();
    let mut result = i32::pool().take(outer * inner);
    let cost = elements.len();
    each_part(&mut result, inner, cost, &|number, result| {
        let elements = &elements[number * extent * inner..][..extent * inner];
        if inner == 1 {
            result[0] = position(kind, elements);
            return;
        }
        result.fill(0);
        let mut best = exhausted::vector(inner);
        best.copy_from_slice(&elements[..inner]);
        for (i, row) in elements.chunks_exact(inner).enumerate().skip(1) {
            for ((position, best), &x) in result.iter_mut().zip(&mut best).zip(row) {
                let beats = T::beats(kind, x, *best);
                *position = if beats { i as i32 } else { *position };
                *best = if beats { x } else { *best };
            }
        }
    });
    Buffer::from_vec(result)
}

/// Elements that are compared side by side.
const LANES: usize = 16;

/// The position of the first extremum.
fn position<T: Arithmetic>(kind: Extremum, x: &[T]) -> i32 {
    let mut best = 0;
    // A whole chunk is skipped if none of its elements beats the best one so far.
    for (number, chunk) in x.chunks(LANES).enumerate() {
        let so_far = x[best];
        if chunk.iter().fold(false, |any, &x| any | T::beats(kind, x, so_far)) {
            for (i, &candidate) in chunk.iter().enumerate() {
                if T::beats(kind, candidate, x[best]) {
                    best = number * LANES + i;
                }
            }
        }
    }
    best as i32
}
