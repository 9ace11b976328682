//! The reference evaluation for tests: node by node, with ndarray, without any optimisation. Every pass and the
//! executor are tested against it. Production code never calls it.
//!
//! Not checked independently, since both sides share it: the arithmetic on single elements ([`Arithmetic`]), the random
//! bits ([`threefry`]), the positions of windows ([`WindowAxis`]) and the rule for half precision ([`half_precision`]).
//! They have tests of their own.

use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Slice};

use crate::dtype::{DType, Element as _};
#[cfg(test)]
use crate::graph::Graph;
use crate::graph::op::{self, Binary, DotDimensions, Literal, Op, Reduction, Unary, Update};
use crate::graph::passes::half_precision;
use crate::math::arithmetic::Arithmetic;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::random::threefry;
use crate::shape::{Axes, Type};
use crate::window::WindowAxis;

/// The values of `graph`'s outputs.
pub(crate) fn run(graph: &Graph, inputs: Vec<Buffer>) -> Vec<Buffer> {
    let mut inputs = inputs.into_iter();
    let mut values: Vec<Buffer> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let value = match node.op {
            Op::Input => inputs.next().expect("the test binds every input"),
            _ => {
                let operands: Vec<(&Buffer, &Type)> =
                    node.operands.iter().map(|&id| (&values[id as usize], &graph.node(id).ty)).collect();
                evaluate(&node.op, &operands, &node.ty)
            }
        };
        values.push(value);
    }
    graph.outputs.iter().map(|&id| values[id as usize].clone()).collect()
}

/// The value of one operation. `infer` has checked the operands.
pub(crate) fn evaluate(op: &Op, operands: &[(&Buffer, &Type)], ty: &Type) -> Buffer {
    if half_precision::computes(op) && half_precision::is_met_by(operands.iter().map(|(_, ty)| *ty), ty) {
        return in_single(op, operands, ty);
    }
    let first = || operands[0].0;
    let from = || operands[0].1.dtype;
    match op {
        Op::Input => first().clone(),
        Op::Identity | Op::StopGradient | Op::Reshape(_) => first().clone(),
        Op::Constant(literal) => constant(*literal),
        Op::Iota { axis, .. } => {
            let positions = ArrayD::from_shape_fn(IxDyn(&ty.shape), |index| index[*axis] as f64);
            for_dtype!(ty.dtype, T => Buffer::from_vec(positions.iter().map(|&i| T::from_f64(i)).collect::<Vec<T>>()))
        }
        Op::Unary(Unary::IsFinite) => for_dtype!(from(), T => map(first(), |x: T| x.to_f64().is_finite())),
        Op::Unary(unary) => for_dtype!(ty.dtype, T => map(first(), |x: T| x.unary(*unary))),
        Op::Binary(binary) => {
            for_dtype!(ty.dtype, T => zip(first(), operands[1].0, |x: T, y: T| x.binary(*binary, y)))
        }
        Op::Compare(comparison) => {
            for_dtype!(from(), T => zip(first(), operands[1].0, |x: T, y: T| comparison.holds(x, y)))
        }
        Op::Select => for_dtype!(ty.dtype, T => {
            let chosen = elements::<bool>(first()).iter().zip(elements::<T>(operands[1].0)).zip(elements::<T>(operands[2].0));
            Buffer::from_vec(chosen.map(|((&choice, &yes), &no)| if choice { yes } else { no }).collect::<Vec<_>>())
        }),
        Op::MulAdd => for_dtype!(ty.dtype, T => {
            let triples = elements::<T>(first()).iter().zip(elements::<T>(operands[1].0)).zip(elements::<T>(operands[2].0));
            Buffer::from_vec(triples.map(|((&a, &b), &c)| a.mul_add(b, c)).collect::<Vec<_>>())
        }),
        Op::Convert(_) => {
            for_dtype!(from(), S => for_dtype!(ty.dtype, T => map(first(), |x: S| x.convert::<T>())))
        }
        Op::BitcastConvert(_) => {
            for_dtype!(from(), S => for_dtype!(ty.dtype, T => map(first(), |x: S| T::from_bits64(x.to_bits64()))))
        }
        Op::BroadcastInDim { axes, .. } => for_dtype!(ty.dtype, T => {
            let mut placed = Axes::from_elem(1, ty.shape.len());
            for (&axis, &extent) in axes.iter().zip(&operands[0].1.shape[..]) {
                placed[axis] = extent;
            }
            let operand = view::<T>(first(), &placed);
            collect(operand.broadcast(IxDyn(&ty.shape)).expect("`infer` has checked the extents"))
        }),
        Op::Transpose(permutation) => {
            for_dtype!(ty.dtype, T => collect(view::<T>(first(), &operands[0].1.shape).permuted_axes(&permutation[..])))
        }
        Op::Reduce { kind, axes } => for_dtype!(ty.dtype, T => {
            let mut axes = axes.clone();
            axes.sort_unstable_by(|a, b| b.cmp(a));
            let mut array = view::<T>(first(), &operands[0].1.shape).to_owned();
            for axis in axes {
                array = array.fold_axis(Axis(axis), T::start(*kind), |&so_far, &x| so_far.reduce(*kind, x));
            }
            collect(array.view())
        }),
        Op::ArgReduce { kind, axis } => for_dtype!(from(), T => {
            let array = view::<T>(first(), &operands[0].1.shape);
            collect(array.map_axis(Axis(*axis), |lane| {
                let mut best = 0;
                for (i, &x) in lane.iter().enumerate() {
                    if T::beats(*kind, x, lane[best]) {
                        best = i;
                    }
                }
                best as i32
            }).view())
        }),
        Op::DotGeneral(dimensions) => for_dtype!(ty.dtype, T => {
            let lhs = view::<T>(first(), &operands[0].1.shape);
            let rhs = view::<T>(operands[1].0, &operands[1].1.shape);
            dot(dimensions, &lhs, &rhs)
        }),
        Op::Convolution(windows) => for_dtype!(ty.dtype, T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let kernel = view::<T>(operands[1].0, &operands[1].1.shape);
            convolution(windows, &operand, &kernel, ty)
        }),
        Op::Slice(slice) => for_dtype!(ty.dtype, T => {
            let op::Slice { starts, limits, strides } = &**slice;
            let mut operand = view::<T>(first(), &operands[0].1.shape);
            for axis in 0..starts.len() {
                let part = Slice::new(starts[axis].cast_signed(), Some(limits[axis].cast_signed()), strides[axis].cast_signed());
                operand.slice_axis_inplace(Axis(axis), part);
            }
            collect(operand)
        }),
        Op::Pad(pad) => for_dtype!(ty.dtype, T => {
            let op::Pad { low, interior, .. } = &**pad;
            let operand = view::<T>(first(), &operands[0].1.shape);
            let mut result = ArrayD::from_elem(IxDyn(&ty.shape), elements::<T>(operands[1].0)[0]);
            for (index, &x) in operand.indexed_iter() {
                let place: Axes = (0..low.len()).map(|axis| low[axis] + index[axis] * (interior[axis] + 1)).collect();
                result[&place[..]] = x;
            }
            collect(result.view())
        }),
        Op::Concatenate { axis } => for_dtype!(ty.dtype, T => {
            let mut result = ArrayD::from_elem(IxDyn(&ty.shape), T::default());
            let mut start = 0;
            for (buffer, ty) in operands {
                let end = start + ty.shape[*axis];
                result.slice_axis_mut(Axis(*axis), Slice::from(start..end)).assign(&view::<T>(buffer, &ty.shape));
                start = end;
            }
            collect(result.view())
        }),
        Op::Reverse { axes } => for_dtype!(ty.dtype, T => {
            let mut operand = view::<T>(first(), &operands[0].1.shape);
            for &axis in axes {
                operand.invert_axis(Axis(axis));
            }
            collect(operand)
        }),
        Op::Gather { axis } => for_dtype!(ty.dtype, T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let rows = clamped(operands[1].0, operands[0].1.shape[*axis]);
            collect(operand.select(Axis(*axis), &rows).view())
        }),
        Op::Scatter { update, axis } => for_dtype!(ty.dtype, T => {
            let mut result = view::<T>(first(), &ty.shape).to_owned();
            let rows = elements::<i32>(operands[1].0);
            let mut flat: Axes = ty.shape[..].into();
            flat[*axis] = rows.len();
            let updates = view::<T>(operands[2].0, &flat);
            for (i, &row) in rows.iter().enumerate() {
                let Some(row) = usize::try_from(row).ok().filter(|&row| row < ty.shape[*axis]) else { continue };
                let mut target = result.index_axis_mut(Axis(*axis), row);
                target.zip_mut_with(&updates.index_axis(Axis(*axis), i), |x, &new| *x = match update {
                    Update::Add => x.binary(Binary::Add, new),
                    Update::Set => new,
                });
            }
            collect(result.view())
        }),
        Op::DynamicSlice { sizes } => for_dtype!(ty.dtype, T => {
            let mut operand = view::<T>(first(), &operands[0].1.shape);
            for (axis, start) in starts(operands[1].0, &operands[0].1.shape, sizes).into_iter().enumerate() {
                operand.slice_axis_inplace(Axis(axis), Slice::from(start..start + sizes[axis]));
            }
            collect(operand)
        }),
        Op::DynamicUpdateSlice => for_dtype!(ty.dtype, T => {
            let update = view::<T>(operands[1].0, &operands[1].1.shape);
            let mut result = view::<T>(first(), &ty.shape).to_owned();
            let mut part = result.view_mut();
            for (axis, start) in starts(operands[2].0, &ty.shape, update.shape()).into_iter().enumerate() {
                part.slice_axis_inplace(Axis(axis), Slice::from(start..start + update.shape()[axis]));
            }
            part.assign(&update);
            collect(result.view())
        }),
        Op::TopK { axis, k } => for_dtype!(from(), T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let mut result = ArrayD::<i32>::zeros(IxDyn(&ty.shape));
            for (mut sorted, lane) in result.lanes_mut(Axis(*axis)).into_iter().zip(operand.lanes(Axis(*axis))) {
                let mut positions: Vec<i32> = (0..lane.len() as i32).collect();
                positions.sort_by(|&i, &j| order::<T>(lane[j as usize], lane[i as usize]));
                for (slot, position) in sorted.iter_mut().zip(positions.into_iter().take(*k)) {
                    *slot = position;
                }
            }
            collect(result.view())
        }),
        Op::ReduceWindow { kind, windows } => for_dtype!(ty.dtype, T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let result = ArrayD::from_shape_fn(IxDyn(&ty.shape), |place| {
                let under = under_window(windows, place.slice(), operand.shape());
                under.iter().fold(T::start(*kind), |so_far, index| so_far.reduce(*kind, operand[&index[..]]))
            });
            collect(result.view())
        }),
        Op::ArgReduceWindow { kind, windows } => for_dtype!(from(), T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let strides = operands[0].1.shape.strides();
            let result = ArrayD::from_shape_fn(IxDyn(&ty.shape), |place| {
                let under = under_window(windows, place.slice(), operand.shape());
                let best = under.into_iter().reduce(|best, index| {
                    if T::beats(*kind, operand[&index[..]], operand[&best[..]]) { index } else { best }
                });
                best.map_or(-1, |index| index.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>() as i32)
            });
            collect(result.view())
        }),
        Op::ArgSort { axis } => for_dtype!(from(), T => {
            let operand = view::<T>(first(), &ty.shape);
            let mut result = ArrayD::<i32>::zeros(IxDyn(&ty.shape));
            for (mut sorted, lane) in result.lanes_mut(Axis(*axis)).into_iter().zip(operand.lanes(Axis(*axis))) {
                let mut positions: Vec<i32> = (0..lane.len() as i32).collect();
                positions.sort_by(|&i, &j| order::<T>(lane[i as usize], lane[j as usize]));
                for (slot, position) in sorted.iter_mut().zip(positions) {
                    *slot = position;
                }
            }
            collect(result.view())
        }),
        Op::CumulativeSum { axis, reverse } => for_dtype!(ty.dtype, T => {
            let mut array = view::<T>(first(), &ty.shape).to_owned();
            for mut lane in array.lanes_mut(Axis(*axis)) {
                let mut sum = T::start(Reduction::Sum);
                for i in 0..lane.len() {
                    let i = if *reverse { lane.len() - 1 - i } else { i };
                    sum = sum.reduce(Reduction::Sum, lane[i]);
                    lane[i] = sum;
                }
            }
            collect(array.view())
        }),
        Op::RngBits(shape) => {
            let mut bits = vec![0; shape.size()];
            threefry::fill_bits(key(first()), 0, &mut bits);
            Buffer::from_vec(bits)
        }
        Op::RngSplit { first: start, count } => {
            let key = key(first());
            let keys = (0..*count as u64)
                .map(|i| u64::from(*start) + i)
                .flat_map(|i| threefry::block(key, [(i >> 32) as u32, i as u32]));
            Buffer::from_vec(keys.collect::<Vec<_>>())
        }
    }
}

/// An operation in half precision: computed in `f32`, then rounded.
fn in_single(op: &Op, operands: &[(&Buffer, &Type)], ty: &Type) -> Buffer {
    let converted = |buffer: &Buffer, from: DType, to: DType| for_dtype!(from, S => for_dtype!(to, T => map(buffer, |x: S| x.convert::<T>())));
    let wide: Vec<(Buffer, Type)> = operands
        .iter()
        .map(|(buffer, ty)| {
            let wide = half_precision::wide(ty);
            (converted(buffer, ty.dtype, wide.dtype), wide)
        })
        .collect();
    let wide: Vec<(&Buffer, &Type)> = wide.iter().map(|(buffer, ty)| (buffer, ty)).collect();
    let wide_ty = half_precision::wide(ty);
    converted(&evaluate(op, &wide, &wide_ty), wide_ty.dtype, ty.dtype)
}

fn constant(literal: Literal) -> Buffer {
    for_dtype!(literal.dtype(), T => Buffer::from_vec(vec![T::from_literal(literal)]))
}

fn key(buffer: &Buffer) -> [u32; 2] {
    let words = elements::<u32>(buffer);
    [words[0], words[1]]
}

fn clamped(indices: &Buffer, extent: usize) -> Vec<usize> {
    let last = extent.saturating_sub(1) as i64;
    elements::<i32>(indices).iter().map(|&i| i64::from(i).clamp(0, last) as usize).collect()
}

fn dot<T: Arithmetic + Stored>(
    dimensions: &DotDimensions,
    lhs: &ArrayViewD<'_, T>,
    rhs: &ArrayViewD<'_, T>,
) -> Buffer {
    let (lhs_free, rhs_free) = dimensions.free_axes(lhs.ndim(), rhs.ndim());
    // To [batch.., rows.., contracting..] and [batch.., columns.., contracting..].
    let order = |batch: &Axes, free: &Axes, contracting: &Axes| -> Axes {
        batch.iter().chain(free).chain(contracting).copied().collect()
    };
    let lhs =
        lhs.view().permuted_axes(&order(&dimensions.lhs_batch, &lhs_free, &dimensions.lhs_contracting)[..]);
    let rhs =
        rhs.view().permuted_axes(&order(&dimensions.rhs_batch, &rhs_free, &dimensions.rhs_contracting)[..]);
    let extent =
        |array: &ArrayViewD<'_, T>, from: usize, to: usize| array.shape()[from..to].iter().product::<usize>();
    let batch_rank = dimensions.lhs_batch.len();
    let batch = extent(&lhs, 0, batch_rank);
    let rows = extent(&lhs, batch_rank, batch_rank + lhs_free.len());
    let columns = extent(&rhs, batch_rank, batch_rank + rhs_free.len());
    let depth = extent(&lhs, batch_rank + lhs_free.len(), lhs.ndim());
    let (lhs, rhs): (Vec<T>, Vec<T>) = (lhs.iter().copied().collect(), rhs.iter().copied().collect());
    let mut result = Vec::with_capacity(batch * rows * columns);
    for b in 0..batch {
        for i in 0..rows {
            for j in 0..columns {
                let row = &lhs[(b * rows + i) * depth..][..depth];
                let column = &rhs[(b * columns + j) * depth..][..depth];
                let products = row.iter().zip(column).map(|(&x, &y)| x.binary(Binary::Mul, y));
                result.push(
                    products
                        .fold(T::start(Reduction::Sum), |sum, product| sum.reduce(Reduction::Sum, product)),
                );
            }
        }
    }
    Buffer::from_vec(result)
}

/// The start of a dynamic slice with extents `sizes`.
fn starts(starts: &Buffer, extents: &[usize], sizes: &[usize]) -> Axes {
    let start = |((&start, &extent), &size): ((&i32, &usize), &usize)| {
        let (start, extent) = (i64::from(start), extent as i64);
        let from_front = if start < 0 { start + extent } else { start };
        from_front.clamp(0, extent - size as i64) as usize
    };
    elements::<i32>(starts).iter().zip(extents).zip(sizes).map(start).collect()
}

/// The indices of the elements under the window at `place`, in order.
fn under_window(windows: &[WindowAxis], place: &[usize], extents: &[usize]) -> Vec<Axes> {
    let mut under = vec![Axes::new()];
    for (axis, window) in windows.iter().enumerate() {
        let elements: Vec<usize> =
            (0..window.size).filter_map(|tap| window.element(place[axis], tap, extents[axis])).collect();
        let extended = |index: &Axes| -> Vec<Axes> {
            elements.iter().map(|&element| index.iter().copied().chain([element]).collect()).collect()
        };
        under = under.iter().flat_map(extended).collect();
    }
    under
}

fn convolution<T: Arithmetic + Stored>(
    windows: &[WindowAxis],
    operand: &ArrayViewD<'_, T>,
    kernel: &ArrayViewD<'_, T>,
    ty: &Type,
) -> Buffer {
    let spatial = windows.len();
    let taps: Axes = kernel.shape()[..spatial].into();
    let features = operand.shape()[spatial + 2];
    let result = ArrayD::from_shape_fn(IxDyn(&ty.shape), |place| {
        let (group, out) = (place[spatial + 1], place[spatial + 2]);
        let mut sum = T::start(Reduction::Sum);
        for tap in ndarray::indices(&taps[..]) {
            let element =
                |axis: usize| windows[axis].element(place[axis + 1], tap[axis], operand.shape()[axis + 1]);
            let element = (0..spatial).map(element).collect::<Option<Axes>>();
            let mut by: Axes = (0..spatial).map(|axis| tap[axis]).chain([group, 0, out]).collect();
            for feature in 0..features {
                by[spatial + 1] = feature;
                // Padding is zeros, and they are multiplied: with infinity they give NaN.
                let element = element.as_ref().map_or_else(T::default, |element| {
                    let from = [place[0]].into_iter().chain(element.iter().copied());
                    operand[&from.chain([group, feature]).collect::<Axes>()[..]]
                });
                sum = sum.reduce(Reduction::Sum, element.binary(Binary::Mul, kernel[&by[..]]));
            }
        }
        sum
    });
    collect(result.view())
}

/// The order of a sort: both zeros are equal, NaN is last.
fn order<T: Stored>(x: T, y: T) -> std::cmp::Ordering {
    let is_nan = |x: T| x.partial_cmp(&x).is_none();
    x.partial_cmp(&y).unwrap_or_else(|| is_nan(x).cmp(&is_nan(y)))
}

fn elements<T: Stored>(buffer: &Buffer) -> &[T] {
    buffer.as_slice().expect("the buffer has the dtype of its node")
}

fn map<S: Stored, T: Stored>(buffer: &Buffer, f: impl Fn(S) -> T) -> Buffer {
    Buffer::from_vec(elements(buffer).iter().map(|&x| f(x)).collect::<Vec<_>>())
}

fn zip<S: Stored, T: Stored>(lhs: &Buffer, rhs: &Buffer, f: impl Fn(S, S) -> T) -> Buffer {
    Buffer::from_vec(elements(lhs).iter().zip(elements(rhs)).map(|(&x, &y)| f(x, y)).collect::<Vec<_>>())
}

fn view<'a, T: Stored>(buffer: &'a Buffer, shape: &[usize]) -> ArrayViewD<'a, T> {
    ArrayViewD::from_shape(IxDyn(shape), elements(buffer))
        .expect("the buffer has as many elements as its shape")
}

#[expect(clippy::needless_pass_by_value, reason = "views are made for this call")]
fn collect<T: Stored>(array: ArrayViewD<'_, T>) -> Buffer {
    Buffer::from_vec(array.iter().copied().collect::<Vec<_>>())
}
