//! Operations with a kernel of their own, outside of fused loops: they move runs of elements, sort, scan, or reduce under
//! windows. They read row-major buffers.

pub(crate) mod arg_reduce;
pub(crate) mod constant;
pub(crate) mod cumulative_sum;
mod integer_convolution;
pub(crate) mod sort;
mod starts;
pub(crate) mod windows;

use std::fmt;

use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::embedded::kernel::{Kernel, Outputs};
use crate::graph::op::{Binary, Op, Update};
use crate::graph::{Graph, Id};
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::{Buffer, Storage};
use crate::random::threefry;
use crate::shape::{Axes, Type};

use self::windows::Windows;
use crate::embedded::contraction::integer_product;
use crate::embedded::slices::parallel::each_part;

/// The operands with their types. A buffer without another owner may become the result.
pub(crate) type Operands<'a> = SmallVec<[(Buffer, &'a Type); 4]>;

/// An operation that runs by itself.
pub(crate) struct Direct {
    op: Op,
    operands: SmallVec<[Type; 3]>,
    ty: Type,
}

impl Direct {
    /// The operation of node `id`.
    pub(crate) fn new(graph: &Graph, id: Id) -> Self {
        let node = graph.node(id);
        let operands = node.operands.iter().map(|&operand| graph.node(operand).ty.clone()).collect();
        Self { op: node.op.clone(), operands, ty: node.ty.clone() }
    }
}

impl Kernel for Direct {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        let mut operands = Operands::new();
        for (input, ty) in inputs.iter_mut().zip(&self.operands) {
            operands.push((input.take().expect("a step is given all of its inputs"), ty));
        }
        smallvec![evaluate(&self.op, operands, &self.ty)]
    }
}

impl fmt::Display for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.op {
            Op::ReduceWindow { windows, .. } | Op::ArgReduceWindow { windows, .. } => Windows(windows).fmt(f),
            _ => f.write_str("direct"),
        }
    }
}

/// The value of `op`, which is of the class [`Direct`](Class::Direct) or a contraction of integers.
fn evaluate(op: &Op, mut operands: Operands<'_>, ty: &Type) -> Buffer {
    let from = operands[0].1.dtype;
    if let Op::Scatter { .. } | Op::DynamicUpdateSlice = op {
        let (own, _) = operands.remove(0);
        return match op {
            Op::Scatter { update, axis } => {
                for_dtype!(ty.dtype, T => scatter::<T>(own, &operands, ty, *update, *axis))
            }
            _ => for_dtype!(ty.dtype, T => dynamic_update_slice::<T>(own, &operands, ty)),
        };
    }
    let operands: SmallVec<[(&Buffer, &Type); 4]> =
        operands.iter().map(|(buffer, ty)| (buffer, *ty)).collect();
    match op {
        Op::Pad(amounts) => {
            for_dtype!(ty.dtype, T => pad::<T>(&operands, ty, &amounts.low, &amounts.interior))
        }
        Op::Concatenate { axis } => for_dtype!(ty.dtype, T => concatenate::<T>(&operands, ty, *axis)),
        Op::Gather { axis } => for_dtype!(ty.dtype, T => gather::<T>(&operands, ty, *axis)),
        Op::DynamicSlice { sizes } => for_dtype!(ty.dtype, T => dynamic_slice::<T>(&operands, ty, sizes)),
        Op::ReduceWindow { kind, windows } => {
            for_dtype!(ty.dtype, T => windows::reduce::<T>(operands[0], *kind, windows))
        }
        Op::ArgReduceWindow { kind, windows } => {
            for_dtype!(from, T => windows::arg_reduce::<T>(operands[0], ty, *kind, windows))
        }
        Op::ArgReduce { kind, axis } => {
            for_dtype!(from, T => arg_reduce::arg_reduce::<T>(operands[0], *kind, *axis))
        }
        Op::CumulativeSum { axis, reverse } => {
            for_dtype!(ty.dtype, T => cumulative_sum::cumulative_sum::<T>(operands[0], *axis, *reverse))
        }
        Op::ArgSort { axis } => for_dtype!(from, T => sort::positions::<T>(operands[0], *axis, None)),
        Op::TopK { axis, k } => for_dtype!(from, T => sort::positions::<T>(operands[0], *axis, Some(*k))),
        Op::DotGeneral(dimensions) => match ty.dtype {
            DType::I32 => integer_product::multiply::<i32>(dimensions, operands[0], operands[1]),
            DType::U32 => integer_product::multiply::<u32>(dimensions, operands[0], operands[1]),
            _ => unreachable!("products of floats are contractions, and bool has none"),
        },
        Op::Convolution(windows) => match ty.dtype {
            DType::I32 => integer_convolution::convolve::<i32>(windows, operands[0], operands[1], ty),
            DType::U32 => integer_convolution::convolve::<u32>(windows, operands[0], operands[1], ty),
            _ => unreachable!("convolutions of floats are contractions, and bool has none"),
        },
        Op::RngSplit { first, count } => rng_split(operands[0].0, *first, *count),
        Op::Scatter { .. } | Op::DynamicUpdateSlice => unreachable!("evaluated in place above"),
        Op::Input
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Identity
        | Op::StopGradient
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select
        | Op::MulAdd
        | Op::Convert(_)
        | Op::BitcastConvert(_)
        | Op::BroadcastInDim { .. }
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Slice(_)
        | Op::Reverse { .. }
        | Op::Reduce { .. }
        | Op::RngBits(_) => unreachable!("{} is part of a fused kernel, or a view", op.name()),
    }
}

fn elements<T: Stored>(buffer: &Buffer) -> &[T] {
    buffer.as_slice().expect("a buffer has the dtype of its node")
}

/// The keys number `first..first + count` that a key is split into.
fn rng_split(key: &Buffer, first: u32, count: usize) -> Buffer {
    let key = elements::<u32>(key).try_into().expect("shape inference has checked that a key has two words");
    let mut words = u32::pool().take(2 * count);
    let (keys, []) = words.as_chunks_mut() else { unreachable!("a key has two words") };
    threefry::fill_split(key, first.into(), keys);
    Buffer::from_vec(words)
}

fn pad<T: Stored>(operands: &[(&Buffer, &Type)], ty: &Type, low: &Axes, interior: &Axes) -> Buffer {
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

fn concatenate<T: Stored>(operands: &[(&Buffer, &Type)], ty: &Type, axis: usize) -> Buffer {
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

/// Rows that are gathered together at most.
const ROWS: usize = 64;

/// The indices, clamped into an axis of `extent`.
fn clamped(indices: &[i32], extent: usize) -> impl Iterator<Item = usize> {
    let last = i64::try_from(extent.saturating_sub(1)).unwrap_or(i64::MAX);
    indices.iter().map(move |&i| i64::from(i).clamp(0, last) as usize)
}

fn gather<T: Stored>(operands: &[(&Buffer, &Type)], ty: &Type, axis: usize) -> Buffer {
    let from = &operands[0].1.shape;
    let inner: usize = from[axis + 1..].iter().product();
    let (whole, count) = (from[axis] * inner, operands[1].1.shape.size());
    let (source, indices) = (elements::<T>(operands[0].0), elements::<i32>(operands[1].0));
    let mut result = T::pool().take(ty.shape.size());
    let cost = result.len();
    each_part(&mut result, ROWS * inner, cost, &|part, result| {
        let (mut row, mut rest) = (part * ROWS, result);
        while !rest.is_empty() {
            let (outer, first) = (row / count, row % count);
            let run = (count - first).min(rest.len() / inner);
            let (now, later) = rest.split_at_mut(run * inner);
            let entry = &source[outer * whole..][..whole];
            let places = clamped(&indices[first..][..run], from[axis]);
            for (place, result) in places.zip(now.chunks_exact_mut(inner)) {
                result.copy_from_slice(&entry[place * inner..][..inner]);
            }
            (row, rest) = (row + run, later);
        }
    });
    Buffer::from_vec(result)
}

/// The elements as memory that may be written: a copy only if the buffer has another owner.
fn editable<T: Stored>(buffer: Buffer) -> Storage<T> {
    buffer.try_into_storage().unwrap_or_else(|shared| {
        let elements = elements::<T>(&shared);
        let mut copy = T::pool().take(elements.len());
        copy.copy_from_slice(elements);
        copy
    })
}

fn scatter<T: Arithmetic + Stored>(
    own: Buffer,
    operands: &[(Buffer, &Type)],
    ty: &Type,
    update: Update,
    axis: usize,
) -> Buffer {
    let [(indices, indexed), (updates, _)] = operands else { unreachable!("scatter has three operands") };
    let inner: usize = ty.shape[axis + 1..].iter().product();
    let count = indexed.shape.size() * inner;
    let mut result = editable::<T>(own);
    if !result.is_empty() && count > 0 {
        let updates = elements::<T>(updates).chunks_exact(count);
        for (rows, updates) in result.chunks_exact_mut(ty.shape[axis] * inner).zip(updates) {
            for (&row, updates) in elements::<i32>(indices).iter().zip(updates.chunks_exact(inner)) {
                let Some(row) = usize::try_from(row).ok().filter(|&row| row < ty.shape[axis]) else {
                    continue;
                };
                let row = &mut rows[row * inner..][..inner];
                match update {
                    Update::Set => row.copy_from_slice(updates),
                    Update::Add => {
                        for (x, &update) in row.iter_mut().zip(updates) {
                            *x = x.binary(Binary::Add, update);
                        }
                    }
                }
            }
        }
    }
    Buffer::from_vec(result)
}

/// Calls `f` with (place in the part, place in the whole, length) of every run
/// of neighbours of the part that begins at `starts`.
fn runs(part: &[usize], whole: &Type, starts: &[usize], mut f: impl FnMut(usize, usize, usize)) {
    let strides = whole.shape.strides();
    // Axes that the part has in full are one run with the axis before them.
    let last = (1..part.len()).rev().find(|&axis| part[axis] != whole.shape[axis]).unwrap_or(0);
    let length: usize = part[last.min(part.len())..].iter().product();
    let outer = &part[..last.min(part.len())];
    let start: usize = starts.iter().zip(&strides).map(|(start, stride)| start * stride).sum();
    if length == 0 {
        return;
    }
    for run in 0..outer.iter().product() {
        let (mut place, mut rest) = (start, run);
        for (axis, &extent) in outer.iter().enumerate().rev() {
            place += rest % extent * strides[axis];
            rest /= extent;
        }
        f(run * length, place, length);
    }
}

fn dynamic_slice<T: Stored>(operands: &[(&Buffer, &Type)], ty: &Type, sizes: &[usize]) -> Buffer {
    let (from, whole) = operands[0];
    let starts = starts::clamped(operands[1].0, &whole.shape, sizes);
    let mut result = T::pool().take(ty.shape.size());
    let elements = elements::<T>(from);
    runs(sizes, whole, &starts, |to, from, length| {
        result[to..to + length].copy_from_slice(&elements[from..from + length]);
    });
    Buffer::from_vec(result)
}

fn dynamic_update_slice<T: Stored>(own: Buffer, operands: &[(Buffer, &Type)], ty: &Type) -> Buffer {
    let [(update, part), (starts, _)] = operands else {
        unreachable!("dynamic_update_slice has three operands")
    };
    let starts = starts::clamped(starts, &ty.shape, &part.shape);
    let mut result = editable::<T>(own);
    let elements = elements::<T>(update);
    runs(&part.shape, ty, &starts, |from, to, length| {
        result[to..to + length].copy_from_slice(&elements[from..from + length]);
    });
    Buffer::from_vec(result)
}
