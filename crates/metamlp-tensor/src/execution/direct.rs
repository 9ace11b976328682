//! Operations that move whole runs of elements. What is rarer is left to the
//! reference evaluation: `arg_reduce`, `arg_sort`, `cumulative_sum`,
//! `rng_split` and products of integers.

use crate::arithmetic::Arithmetic;
use crate::buffer::Buffer;
use crate::op::{Binary, Op};
use crate::oracle;
use crate::shape::{Axes, Type};

/// The value of `op`.
pub(super) fn evaluate(op: &Op, operands: &[(&Buffer, &Type)], ty: &Type) -> Buffer {
    match op {
        Op::Pad { low, interior, .. } => {
            for_dtype!(ty.dtype, T => pad::<T>(operands, ty, low, interior))
        }
        Op::Concatenate { axis } => for_dtype!(ty.dtype, T => concatenate::<T>(operands, ty, *axis)),
        Op::Gather { axis } => for_dtype!(ty.dtype, T => gather::<T>(operands, ty, *axis)),
        Op::ScatterAdd { axis } => for_dtype!(ty.dtype, T => scatter_add::<T>(operands, ty, *axis)),
        _ => oracle::evaluate(op, operands, ty),
    }
}

fn elements<T: Arithmetic>(buffer: &Buffer) -> &[T] {
    buffer.as_slice().unwrap_or(&[])
}

fn pad<T: Arithmetic>(operands: &[(&Buffer, &Type)], ty: &Type, low: &Axes, interior: &Axes) -> Buffer {
    let mut result = T::pool().take(ty.shape.size());
    result.fill(elements::<T>(operands[1].0)[0]);
    let from = &operands[0].1.shape;
    let Some(last) = from.len().checked_sub(1) else {
        result.copy_from_slice(elements(operands[0].0));
        return Buffer::from_vec(result);
    };
    if from.size() > 0 {
        let strides = ty.shape.strides();
        let step = interior[last] + 1;
        for (row, elements) in elements::<T>(operands[0].0).chunks_exact(from[last]).enumerate() {
            let (mut place, mut rest) = (low[last], row);
            for axis in (0..last).rev() {
                place += (low[axis] + rest % from[axis] * (interior[axis] + 1)) * strides[axis];
                rest /= from[axis];
            }
            if step == 1 {
                result[place..][..elements.len()].copy_from_slice(elements);
            } else {
                for (slot, &x) in result[place..].iter_mut().step_by(step).zip(elements) {
                    *slot = x;
                }
            }
        }
    }
    Buffer::from_vec(result)
}

fn concatenate<T: Arithmetic>(operands: &[(&Buffer, &Type)], ty: &Type, axis: usize) -> Buffer {
    let mut result = T::pool().take(ty.shape.size());
    let inner: usize = ty.shape[axis + 1..].iter().product();
    let row = ty.shape[axis] * inner;
    let mut start = 0;
    for (buffer, from) in operands {
        let length = from.shape[axis] * inner;
        if length > 0 {
            for (row, part) in result.chunks_exact_mut(row).zip(elements::<T>(buffer).chunks_exact(length)) {
                row[start..start + length].copy_from_slice(part);
            }
        }
        start += length;
    }
    Buffer::from_vec(result)
}

/// The indices, clamped into an axis of `extent`.
fn clamped(indices: &Buffer, extent: usize) -> impl Iterator<Item = usize> {
    let last = i64::try_from(extent.saturating_sub(1)).unwrap_or(i64::MAX);
    elements::<i32>(indices).iter().map(move |&i| i64::from(i).clamp(0, last) as usize)
}

fn gather<T: Arithmetic>(operands: &[(&Buffer, &Type)], ty: &Type, axis: usize) -> Buffer {
    let from = &operands[0].1.shape;
    let inner: usize = from[axis + 1..].iter().product();
    let mut result = T::pool().take(ty.shape.size());
    if !result.is_empty() {
        let outer = elements::<T>(operands[0].0).chunks_exact(from[axis] * inner);
        let count = operands[1].1.shape.size() * inner;
        for (rows, result) in outer.zip(result.chunks_exact_mut(count)) {
            let places = clamped(operands[1].0, from[axis]);
            for (row, result) in places.zip(result.chunks_exact_mut(inner)) {
                result.copy_from_slice(&rows[row * inner..][..inner]);
            }
        }
    }
    Buffer::from_vec(result)
}

fn scatter_add<T: Arithmetic>(operands: &[(&Buffer, &Type)], ty: &Type, axis: usize) -> Buffer {
    let inner: usize = ty.shape[axis + 1..].iter().product();
    let mut result = T::pool().take(ty.shape.size());
    result.copy_from_slice(elements(operands[0].0));
    let count = operands[1].1.shape.size() * inner;
    if !result.is_empty() && count > 0 {
        let updates = elements::<T>(operands[2].0).chunks_exact(count);
        for (rows, updates) in result.chunks_exact_mut(ty.shape[axis] * inner).zip(updates) {
            let places = clamped(operands[1].0, ty.shape[axis]);
            for (row, updates) in places.zip(updates.chunks_exact(inner)) {
                for (x, &update) in rows[row * inner..][..inner].iter_mut().zip(updates) {
                    *x = x.binary(Binary::Add, update);
                }
            }
        }
    }
    Buffer::from_vec(result)
}
