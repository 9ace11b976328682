//! Reductions under a moving window. Sums and extrema are taken along one
//! axis after the other, so that all loops run over neighbours.

use std::fmt;

use smallvec::SmallVec;

use crate::arithmetic::Arithmetic;
use crate::buffer::Buffer;
use crate::dtype::Element;
use crate::op::{Extremum, Reduction};
use crate::shape::{Axes, Type};
use crate::window::WindowAxis;

use super::folds::Folds;
use super::lanes::{each_part, split};

/// How the windows move, in a line.
pub(super) struct Windows<'a>(pub(super) &'a [WindowAxis]);

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

/// The windows' results. They fit, `infer` has seen to that.
pub(super) fn reduce<T: Folds>(operand: (&Buffer, &Type), kind: Reduction, windows: &[WindowAxis]) -> Buffer {
    let (mut buffer, mut ty) = (operand.0.clone(), operand.1.clone());
    let mut axes = (0..windows.len()).filter(|&axis| !windows[axis].is_trivial()).peekable();
    let mut left = axes.clone().count();
    while let Some(axis) = axes.next() {
        (buffer, ty) = match axes.peek() {
            // The last two together: images, and rows of them, stay in cache.
            Some(&last) if left == 2 => {
                axes.next();
                along_both::<T>(&buffer, &ty, kind, [(axis, &windows[axis]), (last, &windows[last])])
            }
            _ => along::<T>(&buffer, &ty, kind, &windows[axis], axis),
        };
        left -= 1;
    }
    buffer
}

/// Along the first axis into a row of the second one, and along that.
fn along_both<T: Folds>(
    buffer: &Buffer,
    ty: &Type,
    kind: Reduction,
    [(first, by), (last, across)]: [(usize, &WindowAxis); 2],
) -> (Buffer, Type) {
    let (_, rows, _) = split(ty, first);
    let (_, extent, inner) = split(ty, last);
    let between: usize = ty.shape[first + 1..last].iter().product();
    let places = |window: &WindowAxis, extent: usize| window.places(extent).unwrap_or(0);
    let (row_places, column_places) = (places(by, rows), places(across, extent));
    let mut shape: Axes = ty.shape.iter().copied().collect();
    (shape[first], shape[last]) = (row_places, column_places);
    let to = Type::new(shape, ty.dtype);
    let elements = buffer.as_slice::<T>().unwrap_or(&[]);
    let mut result = T::pool().take(to.shape.size());
    let (row, result_row) = (extent * inner, column_places * inner);
    let image = rows * between * row;
    let cost = (row_places * between).saturating_mul(row * by.size + result_row * across.size);
    let cost = cost.saturating_mul(result.len() / (row_places * between * result_row).max(1));
    each_part(&mut result, row_places * between * result_row, cost, |number, result| {
        let elements = &elements[number * image..][..image];
        if elements.is_empty() {
            return result.fill(T::start(kind));
        }
        let mut sums = T::pool().take(row);
        for (place, result) in result.chunks_exact_mut(result_row).enumerate() {
            let (place, offset) = (place / between, place % between);
            let inside = (0..by.size).filter_map(|tap| by.element(place, tap, rows));
            let mut inside = inside.map(|element| &elements[(element * between + offset) * row..][..row]);
            match (inside.next(), inside.next()) {
                (None, _) => result.fill(T::start(kind)),
                (Some(only), None) => fold_row(kind, across, only, inner, result),
                (Some(one), Some(other)) => {
                    sums.copy_from_slice(one);
                    T::vertical(kind, &mut sums, other);
                    for more in inside {
                        T::vertical(kind, &mut sums, more);
                    }
                    fold_row(kind, across, &sums, inner, result);
                }
            }
        }
    });
    (Buffer::from_vec(result), to)
}

/// Each place of a window that moves over entries of `inner` elements.
fn fold_row<T: Folds>(kind: Reduction, window: &WindowAxis, elements: &[T], inner: usize, result: &mut [T]) {
    let extent = elements.len() / inner;
    for (place, result) in result.chunks_exact_mut(inner).enumerate() {
        let mut inside = (0..window.size).filter_map(|tap| window.element(place, tap, extent));
        let Some(first) = inside.next() else {
            result.fill(T::start(kind));
            continue;
        };
        result.copy_from_slice(&elements[first * inner..][..inner]);
        for element in inside {
            T::vertical(kind, result, &elements[element * inner..][..inner]);
        }
    }
}

fn along<T: Folds>(
    buffer: &Buffer,
    ty: &Type,
    kind: Reduction,
    window: &WindowAxis,
    axis: usize,
) -> (Buffer, Type) {
    let (_, extent, inner) = split(ty, axis);
    let places = window.places(extent).unwrap_or(0);
    let shape: Axes =
        ty.shape.iter().enumerate().map(|(i, &own)| if i == axis { places } else { own }).collect();
    let to = Type::new(shape, ty.dtype);
    let elements = buffer.as_slice::<T>().unwrap_or(&[]);
    let mut result = T::pool().take(to.shape.size());
    let cost = result.len().saturating_mul(window.size);
    each_part(&mut result, places * inner, cost, |number, result| {
        let elements = &elements[number * extent * inner..][..extent * inner];
        fold_row(kind, window, elements, inner, result);
    });
    (Buffer::from_vec(result), to)
}

/// Where each window's extremum lies.
pub(super) fn arg_reduce<T: Arithmetic>(
    operand: (&Buffer, &Type),
    ty: &Type,
    kind: Extremum,
    windows: &[WindowAxis],
) -> Buffer {
    let from = &operand.1.shape;
    let elements = operand.0.as_slice::<T>().unwrap_or(&[]);
    let strides = from.strides();
    // The axes after the last one that a window moves along are walked together.
    let rank = windows.iter().rposition(|window| !window.is_trivial()).map_or(0, |last| last + 1);
    let inner: usize = from[rank..].iter().product();
    let taps: usize = windows[..rank].iter().map(|window| window.size).product();
    let mut result = i32::pool().take(ty.shape.size());
    let cost = result.len().saturating_mul(taps);
    each_part(&mut result, inner, cost, |number, result| {
        let mut place: SmallVec<[usize; 4]> = ty.shape[..rank].into();
        let mut rest = number;
        for index in place.iter_mut().rev() {
            (*index, rest) = (rest % *index, rest / *index);
        }
        result.fill(-1);
        let mut best = vec![T::default(); inner];
        for tap in 0..taps {
            let (mut rest, mut start) = (tap, Some(0));
            for axis in (0..rank).rev() {
                let window = &windows[axis];
                let element = window.element(place[axis], rest % window.size, from[axis]);
                start = start.zip(element).map(|(start, element)| start + element * strides[axis]);
                rest /= window.size;
            }
            let Some(start) = start else { continue };
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
