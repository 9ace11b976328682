//! Reductions under a moving window. Sums and extrema are computed one axis at a time, so that all inner loops run over
//! neighbouring elements.

use std::fmt;

use smallvec::SmallVec;

use crate::graph::op::{Extremum, Reduction};
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::exhausted;
use crate::shape::{Axes, Type};
use crate::window::{Inside, WindowAxis};

use crate::embedded::slices::folds::Folds;
use crate::embedded::slices::parallel::each_part;
use crate::embedded::slices::plane::Plane;

/// A description of the windows, in one line.
pub(crate) struct Windows<'a>(pub(crate) &'a [WindowAxis]);

impl fmt::Display for Windows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |of: fn(&WindowAxis) -> usize| -> Vec<usize> { self.0.iter().map(of).collect() };
        write!(f, "windows {:?} by {:?}", each(|window| window.size), each(|window| window.stride))?;
        if self.0.iter().any(|window| window.base_dilation > 1) {
            write!(f, " over every {:?}", each(|window| window.base_dilation))?;
        }
        Ok(())
    }
}

/// The invariant of every window.
const FITS: &str = "type inference has checked the windows";

/// The reduction of each window. Type inference has checked that the windows fit.
pub(crate) fn reduce<T: Folds>(operand: (&Buffer, &Type), kind: Reduction, windows: &[WindowAxis]) -> Buffer {
    let (mut buffer, mut shape) = (operand.0.clone(), operand.1.shape.iter().copied().collect::<Axes>());
    let mut moving: SmallVec<[usize; 4]> =
        (0..windows.len()).filter(|&axis| !windows[axis].is_trivial()).collect();
    if moving.is_empty() {
        // Reduce along one axis anyway: the sum of a single -0 is 0.
        moving.extend(windows.len().checked_sub(1));
    }
    let places = |axis: usize, extent: usize| windows[axis].places(extent).expect(FITS);
    if shape.iter().enumerate().any(|(axis, &extent)| places(axis, extent) == 0) {
        return Buffer::from_vec(T::pool().take(0));
    }
    // The last two axes are reduced together, so that an image stays in cache.
    let (single, last) = moving.split_at(moving.len().saturating_sub(2));
    for axes in single.chunks(1).chain((!last.is_empty()).then_some(last)) {
        let from = shape.clone();
        for &axis in axes {
            shape[axis] = places(axis, shape[axis]);
        }
        let elements = buffer.elements::<T>();
        let mut result = T::pool().take(shape.iter().product());
        let plane = Plane::new(kind, &from, windows, axes);
        let images = result.len() / plane.result_size().max(1);
        let cost = plane.cost().saturating_mul(images);
        each_part(&mut result, plane.result_size(), cost, &|number, result| {
            plane.reduce(&elements[number * plane.size()..][..plane.size()], result);
        });
        buffer = Buffer::from_vec(result);
    }
    buffer
}

/// The position of the extremum of each window in the operand; -1 for a window without elements.
pub(crate) fn arg_reduce<T: Arithmetic + Stored>(
    operand: (&Buffer, &Type),
    ty: &Type,
    kind: Extremum,
    windows: &[WindowAxis],
) -> Buffer {
    let from = &operand.1.shape;
    let elements = operand.0.elements::<T>();
    let strides = from.strides();
    // The axes after the last one that a window moves along are one inner loop.
    let rank = windows.iter().rposition(|window| !window.is_trivial()).map_or(0, |last| last + 1);
    let inner: usize = from[rank..].iter().product();
    // No window has more taps inside than there are elements.
    let taps = windows[..rank].iter().zip(&from[..]).map(|(window, &extent)| window.size.min(extent));
    let mut result = i32::pool().take(ty.shape.size());
    let cost = result.len().saturating_mul(taps.product());
    each_part(&mut result, inner, cost, &|number, result| {
        let mut place: SmallVec<[usize; 4]> = ty.shape[..rank].into();
        let mut rest = number;
        for index in place.iter_mut().rev() {
            (*index, rest) = (rest % *index, rest / *index);
        }
        result.fill(-1);
        let mut best = exhausted::vector::<T>(inner);
        let inside: SmallVec<[Inside; 4]> =
            (0..rank).map(|axis| windows[axis].inside(place[axis], from[axis])).collect();
        for tap in 0..inside.iter().map(|inside| inside.count).product() {
            let (mut rest, mut start) = (tap, 0);
            for (inside, stride) in inside.iter().zip(&strides).rev() {
                start += (inside.element + rest % inside.count * inside.element_step) * stride;
                rest /= inside.count;
            }
            let row = elements[start..][..inner].iter().zip(start..);
            for ((position, best), (&x, at)) in result.iter_mut().zip(&mut best).zip(row) {
                let beats = *position < 0 || T::beats(kind, x, *best);
                *position = if beats { at as i32 } else { *position };
                *best = if beats { x } else { *best };
            }
        }
    });
    Buffer::from_vec(result)
}
