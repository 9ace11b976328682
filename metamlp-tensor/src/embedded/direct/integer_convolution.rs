//! Convolution of integers, which wrap on overflow. Each output position is a row of features to which rows of the
//! kernel are added.

use crate::math::arithmetic::Arithmetic;
use crate::memory::buffer::Buffer;
use crate::shape::{Axes, Type};
use crate::window::WindowAxis;

use crate::embedded::slices::parallel::each_part;
use crate::memory::stored::Stored;

/// `[batch, spatial.., groups, in]` by `[spatial.., groups, in, out]`, to `[batch, spatial.., groups, out]` of type
/// `ty`. Padding is zero.
pub(crate) fn convolve<T: Arithmetic + Stored>(
    windows: &[WindowAxis],
    (operand, operand_ty): (&Buffer, &Type),
    (kernel, kernel_ty): (&Buffer, &Type),
    ty: &Type,
) -> Buffer {
    let spatial = windows.len();
    let (extents, taps) = (&operand_ty.shape[1..=spatial], &kernel_ty.shape[..spatial]);
    let [groups, features, outs] = [0, 1, 2].map(|axis| kernel_ty.shape[spatial + axis]);
    let strides = operand_ty.shape.strides();
    let operand = operand.as_slice::<T>().expect("shape inference has checked the operand's dtype");
    let kernel = kernel.as_slice::<T>().expect("shape inference has checked the kernel's dtype");
    let mut result = T::pool().take(ty.shape.size());
    // Also where nothing is summed.
    result.fill(T::from_i64(0));
    if result.is_empty() || kernel.is_empty() {
        return Buffer::from_vec(result);
    }
    let tap_count: usize = taps.iter().product();
    let cost = result.len().saturating_mul(tap_count).saturating_mul(features);
    // A part is all groups of one output position.
    each_part(&mut result, groups * outs, cost, &|position, sums: &mut [T]| {
        let place = unravel(position, &ty.shape[..=spatial]);
        for tap in 0..tap_count {
            let tap_place = unravel(tap, taps);
            // The offset of the element under the tap; `None` in padding, which adds zero.
            let offset = (0..spatial).try_fold(place[0] * strides[0], |offset, axis| {
                let element = windows[axis].element(place[axis + 1], tap_place[axis], extents[axis])?;
                Some(offset + element * strides[axis + 1])
            });
            let Some(offset) = offset else { continue };
            let factors = &operand[offset..][..groups * features];
            let rows = &kernel[tap * groups * features * outs..][..groups * features * outs];
            for (i, (&factor, row)) in factors.iter().zip(rows.chunks_exact(outs)).enumerate() {
                for (sum, &x) in sums[i / features * outs..][..outs].iter_mut().zip(row) {
                    *sum = factor.mul_add(x, *sum);
                }
            }
        }
    });
    Buffer::from_vec(result)
}

/// The index along each axis of element number `position` of a row-major array.
fn unravel(position: usize, extents: &[usize]) -> Axes {
    let mut place: Axes = extents.into();
    let mut rest = position;
    for index in place.iter_mut().rev() {
        (*index, rest) = (rest % *index, rest / *index);
    }
    place
}
