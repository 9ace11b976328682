//! Operations along one axis that keep an order: running sums and positions
//! of extrema. Knows buffers that lie in order; nothing of fusion.

use rayon::prelude::*;

use crate::dtype::Element;
use crate::graph::op::{Binary, Extremum, Reduction};
use crate::math::arithmetic::Arithmetic;
use crate::memory::buffer::Buffer;
use crate::shape::Type;

use crate::embedded::fused::map::PARALLEL_COST;

/// The extents before an axis, along it, and after it.
pub(crate) fn split(ty: &Type, axis: usize) -> (usize, usize, usize) {
    let shape = &ty.shape;
    (shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product())
}

/// Calls `f` with the number and the elements of each part of `result`, on several threads if it pays.
pub(crate) fn each_part<T: Send>(
    result: &mut [T],
    length: usize,
    cost: usize,
    f: impl Fn(usize, &mut [T]) + Sync + Send,
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

pub(crate) fn cumulative_sum<T: Arithmetic>(operand: (&Buffer, &Type), axis: usize, reverse: bool) -> Buffer {
    let (_, extent, inner) = split(operand.1, axis);
    let elements = operand.0.as_slice::<T>().unwrap_or(&[]);
    let mut result = T::pool().take(elements.len());
    let cost = elements.len();
    each_part(&mut result, extent * inner, cost, |number, result| {
        let elements = &elements[number * extent * inner..][..extent * inner];
        let row = |i: usize| (if reverse { extent - 1 - i } else { i }) * inner;
        for (sum, &x) in result[row(0)..][..inner].iter_mut().zip(&elements[row(0)..]) {
            *sum = T::start(Reduction::Sum).binary(Binary::Add, x);
        }
        for i in 1..extent {
            let (before, own) = (row(i - 1), row(i));
            if inner == 1 {
                result[own] = result[before].binary(Binary::Add, elements[own]);
                continue;
            }
            let (low, high) = result.split_at_mut(before.max(own));
            let (sums, before) = if before < own {
                (&mut high[..inner], &low[before..][..inner])
            } else {
                (&mut low[own..][..inner], &high[..inner])
            };
            for ((sum, &before), &x) in sums.iter_mut().zip(before).zip(&elements[own..]) {
                *sum = before.binary(Binary::Add, x);
            }
        }
    });
    Buffer::from_vec(result)
}

pub(crate) fn arg_reduce<T: Arithmetic>(operand: (&Buffer, &Type), kind: Extremum, axis: usize) -> Buffer {
    let (outer, extent, inner) = split(operand.1, axis);
    let elements = operand.0.as_slice::<T>().unwrap_or(&[]);
    let mut result = i32::pool().take(outer * inner);
    let cost = elements.len();
    each_part(&mut result, inner, cost, |number, result| {
        let elements = &elements[number * extent * inner..][..extent * inner];
        if inner == 1 {
            result[0] = position(kind, elements);
            return;
        }
        result.fill(0);
        let mut best = elements[..inner].to_vec();
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

/// Candidates that are compared side by side.
const LANES: usize = 16;

/// The position of the first extremum.
fn position<T: Arithmetic>(kind: Extremum, x: &[T]) -> i32 {
    let mut best = 0;
    // Whole chunks without anything better are passed over.
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
