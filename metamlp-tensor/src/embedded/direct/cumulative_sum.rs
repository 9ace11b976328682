//! Cumulative sums along one axis. Knows contiguous buffers; nothing of fusion.

use crate::graph::op::Reduction;
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::shape::Type;

use crate::embedded::slices::parallel::each_part;
use crate::embedded::slices::view::split_at_axis;

/// The running sums along `axis`, from the last element to the first if `reverse`.
pub(crate) fn cumulative_sum<T: Arithmetic + Stored>(
    operand: (&Buffer, &Type),
    axis: usize,
    reverse: bool,
) -> Buffer {
    let (_, extent, inner) = split_at_axis(&operand.1.shape, axis);
    let elements = operand.0.elements::<T>();
    let mut result = T::pool().take(elements.len());
    let cost = elements.len();
    each_part(&mut result, extent * inner, cost, &|number, result| {
        let elements = &elements[number * extent * inner..][..extent * inner];
        let row = |i: usize| (if reverse { extent - 1 - i } else { i }) * inner;
        for (sum, &x) in result[row(0)..][..inner].iter_mut().zip(&elements[row(0)..]) {
            *sum = T::start(Reduction::Sum).reduce(Reduction::Sum, x);
        }
        for i in 1..extent {
            let (before, own) = (row(i - 1), row(i));
            if inner == 1 {
                result[own] = result[before].reduce(Reduction::Sum, elements[own]);
                continue;
            }
            let (low, high) = result.split_at_mut(before.max(own));
            let (sums, before) = if before < own {
                (&mut high[..inner], &low[before..][..inner])
            } else {
                (&mut low[own..][..inner], &high[..inner])
            };
            for ((sum, &before), &x) in sums.iter_mut().zip(before).zip(&elements[own..]) {
                *sum = before.reduce(Reduction::Sum, x);
            }
        }
    });
    Buffer::from_vec(result)
}
