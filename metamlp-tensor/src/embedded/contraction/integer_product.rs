//! `dot_general` of integers, with wrapping arithmetic. Each row of the result is a weighted sum of rows.

use crate::graph::op::DotDimensions;
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::shape::Type;

use crate::embedded::slices::load;
use crate::embedded::slices::parallel::each_part;
use crate::embedded::slices::view::View;

/// The product of two buffers.
pub(crate) fn multiply<T: Arithmetic + Stored>(
    dimensions: &DotDimensions,
    lhs: (&Buffer, &Type),
    rhs: (&Buffer, &Type),
) -> Buffer {
    let (lhs_free, rhs_free) = dimensions.free_axes(lhs.1.shape.len(), rhs.1.shape.len());
    let DotDimensions { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = dimensions;
    let extent = |ty: &Type, axes: &[usize]| axes.iter().map(|&axis| ty.shape[axis]).product::<usize>();
    let batch = extent(lhs.1, lhs_batch);
    let (rows, depth) = (extent(lhs.1, &lhs_free), extent(lhs.1, lhs_contracting));
    let columns = extent(rhs.1, &rhs_free);
    let mut result = T::pool().take(batch * rows * columns);
    if result.is_empty() || depth == 0 {
        result.fill(T::from_i64(0));
        return Buffer::from_vec(result);
    }
    let lhs = arranged::<T>(lhs, [lhs_batch, &lhs_free, lhs_contracting]);
    let rhs = arranged::<T>(rhs, [rhs_batch, rhs_contracting, &rhs_free]);
    let (lhs, rhs) = (lhs.elements::<T>(), rhs.elements::<T>());
    let cost = result.len().saturating_mul(depth);
    each_part(&mut result, columns, cost, &|number, sums| {
        sums.fill(T::from_i64(0));
        let factors = &lhs[number * depth..][..depth];
        let matrix = &rhs[number / rows * depth * columns..][..depth * columns];
        for (&factor, row) in factors.iter().zip(matrix.chunks_exact(columns)) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum = factor.mul_add(x, *sum);
            }
        }
    });
    Buffer::from_vec(result)
}

/// The elements with their axes in the order of the roles.
fn arranged<T: Arithmetic + Stored>((buffer, ty): (&Buffer, &Type), roles: [&[usize]; 3]) -> Buffer {
    let order: Vec<usize> = roles.iter().copied().flatten().copied().collect();
    let view = View::contiguous(&ty.shape).transpose(&order);
    if view.is_whole(ty.shape.size()) {
        return buffer.clone();
    }
    let mut packed = T::pool().take(view.size());
    let pattern = load::pattern(&view.shape[1..], &view.strides);
    load::gather(buffer.elements::<T>(), view.offset, &pattern, view.shape[0], &mut packed);
    Buffer::from_vec(packed)
}
