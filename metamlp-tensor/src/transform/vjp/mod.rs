//! The gradient rule of each operation, written with the methods of `Tensor`, so that rules read like the mathematics and
//! can be differentiated again.

use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::graph::op::{Binary, DotDimensions, Extremum, Op, Pad, Reduction, Slice, Unary, Update};
use crate::shape::Axes;
use crate::window::WindowAxis;

/// The contribution to the cotangent of each operand: the transposed Jacobian of `output` times `cotangent`. `None` if the
/// operand has no gradient. May be `None` if it is not `wanted`.
pub(crate) fn vjp(
    op: &Op,
    operands: &[Tensor],
    output: &Tensor,
    cotangent: &Tensor,
    wanted: &dyn Fn(&Tensor) -> bool,
) -> SmallVec<[Option<Tensor>; 3]> {
    let ct = cotangent;
    let x = || &operands[0];
    let one = |gradient: Tensor| smallvec![Some(gradient)];
    match op {
        // These have no operands, or a derivative that is 0 almost everywhere.
        Op::Input
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::StopGradient
        | Op::Compare(_)
        | Op::BitcastConvert(_)
        | Op::ArgReduce { .. }
        | Op::ArgReduceWindow { .. }
        | Op::ArgSort { .. }
        | Op::TopK { .. }
        | Op::RngBits(_)
        | Op::RngSplit { .. }
        | Op::Reduce { kind: Reduction::All | Reduction::Any, .. } => operands.iter().map(|_| None).collect(),

        Op::Identity => one(ct.clone()),
        Op::Unary(unary) => smallvec![unary_vjp(*unary, x(), output, ct)],
        Op::Binary(binary) => {
            let y = &operands[1];
            let (x_wanted, y_wanted) = (wanted(x()), wanted(y));
            let (to_x, to_y) = binary_vjp(*binary);
            smallvec![
                x_wanted.then(|| to_x(x(), y, output, ct)).flatten(),
                y_wanted.then(|| to_y(x(), y, output, ct)).flatten(),
            ]
        }
        Op::Select => {
            let choice = x();
            smallvec![None, Some(choice.select(ct, 0)), Some(choice.select(ct.zeros_like(), ct))]
        }
        Op::MulAdd => {
            let factor = &operands[1];
            smallvec![wanted(x()).then(|| ct * factor), wanted(factor).then(|| ct * x()), Some(ct.clone()),]
        }
        Op::Convert(_) => one(ct.convert(x().dtype())),
        Op::BroadcastInDim { axes, .. } => one(unbroadcast(ct, x(), axes)),
        Op::Reshape(_) => one(ct.reshape(x().shape())),
        Op::Transpose(permutation) => one(arranged(ct, permutation)),
        Op::Reduce { kind, axes } => one(reduce_vjp(*kind, axes, x(), output, ct)),
        Op::DotGeneral(dimensions) => {
            let y = &operands[1];
            smallvec![
                wanted(x()).then(|| dot_vjp_lhs(dimensions, x(), y, ct)),
                wanted(y).then(|| dot_vjp_rhs(dimensions, x(), y, ct)),
            ]
        }
        Op::Convolution(windows) => {
            let kernel = &operands[1];
            smallvec![
                wanted(x()).then(|| convolution_vjp_operand(windows, x(), kernel, ct)),
                wanted(kernel).then(|| convolution_vjp_kernel(windows, x(), kernel, ct)),
            ]
        }
        Op::Slice(slice) => {
            let Slice { starts, limits: _, strides } = &**slice;
            // Puts each element back in its place, with zeros before, between and after.
            let rank = x().rank();
            let interior: Axes = strides.iter().map(|stride| stride - 1).collect();
            let high: Axes = (0..rank)
                .map(|axis| {
                    let taken = ct.shape()[axis];
                    let covered = starts[axis] + taken + taken.saturating_sub(1) * interior[axis];
                    x().shape()[axis].saturating_sub(covered)
                })
                .collect();
            one(ct.pad_interior(starts, high, interior, 0))
        }
        Op::Pad(pad) => {
            let Pad { low, interior, .. } = &**pad;
            let limits: Axes = (0..low.len())
                .map(|axis| {
                    let extent = x().shape()[axis];
                    low[axis] + extent + extent.saturating_sub(1) * interior[axis]
                })
                .collect();
            let strides: Axes = interior.iter().map(|between| between + 1).collect();
            let inner = ct.slice(low, limits, strides);
            let value = wanted(&operands[1]).then(|| {
                let sum = |part: &Tensor| part.convert(part.dtype().to_accumulated()).sum_all();
                (sum(ct) - sum(&inner)).convert(ct.dtype())
            });
            smallvec![Some(inner), value]
        }
        Op::Concatenate { axis } => {
            let mut start = 0;
            operands
                .iter()
                .map(|operand| {
                    let limit = start + operand.shape()[*axis];
                    let part = ct.slice_axis(axis.cast_signed(), start, limit);
                    start = limit;
                    Some(part)
                })
                .collect()
        }
        Op::Reverse { axes } => one(axes.iter().fold(ct.clone(), |ct, &axis| ct.flip(axis.cast_signed()))),
        Op::Gather { axis } => {
            // An axis beyond `i32::MAX` has elements that no index reaches.
            let last = i32::try_from(x().shape()[*axis].saturating_sub(1)).unwrap_or(i32::MAX);
            let rows = operands[1].maximum(0).minimum(last);
            smallvec![Some(x().zeros_like().scatter_rows(Update::Add, &rows, ct, *axis)), None]
        }
        Op::Scatter { update, axis } => {
            let indices = &operands[1];
            let taken = || ct.gather_filled(indices, *axis, 0);
            match update {
                Update::Add => smallvec![Some(ct.clone()), None, wanted(&operands[2]).then(taken)],
                Update::Set => {
                    let kept = || ct.scatter_rows(Update::Set, indices, &operands[2].zeros_like(), *axis);
                    let share = || last_in_place(indices, ct, *axis).select(taken(), 0);
                    smallvec![wanted(x()).then(kept), None, wanted(&operands[2]).then(share)]
                }
            }
        }
        Op::DynamicSlice { .. } => {
            smallvec![Some(x().zeros_like().dynamic_update_slice(ct, &operands[1])), None]
        }
        Op::DynamicUpdateSlice => {
            let (update, starts) = (&operands[1], &operands[2]);
            smallvec![
                wanted(x()).then(|| ct.dynamic_update_slice(&update.zeros_like(), starts)),
                wanted(update).then(|| ct.dynamic_slice(starts, update.shape())),
                None,
            ]
        }
        Op::ReduceWindow { kind, windows } => one(reduce_window_vjp(*kind, windows, x(), ct)),
        Op::CumulativeSum { axis, reverse } => one(ct.cumulative_sum(axis.cast_signed(), !reverse)),
    }
}

fn unary_vjp(unary: Unary, x: &Tensor, y: &Tensor, ct: &Tensor) -> Option<Tensor> {
    let sqrt_pi = std::f64::consts::PI.sqrt();
    Some(match unary {
        Unary::Ceil | Unary::Floor | Unary::IsFinite | Unary::Not | Unary::RoundNearestEven | Unary::Sign => {
            return None;
        }
        // 1 at 0, as in JAX; NaN for NaN.
        Unary::Abs => ct * x.equal(0.0).select(1.0, x.sign()),
        Unary::Cos => -(ct * x.sin()),
        Unary::Erf => ct * ((-x.square()).exp() * (2.0 / sqrt_pi)),
        Unary::ErfInv => ct * (y.square().exp() * (sqrt_pi / 2.0)),
        Unary::Erfc => ct * ((-x.square()).exp() * (-2.0 / sqrt_pi)),
        Unary::Exp => ct * y,
        Unary::ExpM1 => ct * (y + 1.0),
        Unary::Log => ct / x,
        Unary::Log1p => ct / (x + 1.0),
        Unary::Logistic => ct * (y * (1.0 - y)),
        Unary::Neg => -ct,
        Unary::Rsqrt => ct * (y / x * -0.5),
        Unary::Sin => ct * x.cos(),
        Unary::Sqrt => ct * (0.5 / y),
        Unary::Tan => ct * (y.square() + 1.0),
        Unary::Tanh => ct * (1.0 - y.square()),
    })
}

/// (x, y, output, cotangent) to the contribution to one operand.
type Share = fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Option<Tensor>;

fn binary_vjp(binary: Binary) -> (Share, Share) {
    match binary {
        Binary::Add => (|_, _, _, ct| Some(ct.clone()), |_, _, _, ct| Some(ct.clone())),
        Binary::Sub => (|_, _, _, ct| Some(ct.clone()), |_, _, _, ct| Some(-ct)),
        Binary::Mul => (|_, y, _, ct| Some(ct * y), |x, _, _, ct| Some(ct * x)),
        Binary::Div => (|_, y, _, ct| Some(ct / y), |_, y, out, ct| Some(-(ct * out / y))),
        Binary::Rem => (
            |_, _, _, ct| Some(ct.clone()),
            |x, y, _, ct| {
                let quotient = x / y;
                Some(-(ct * (quotient.sign() * quotient.abs().floor())))
            },
        ),
        // Equal operands share the cotangent, as in JAX.
        Binary::Max => (|x, y, _, ct| Some(share(x, y, ct)), |x, y, _, ct| Some(share(y, x, ct))),
        Binary::Min => (|x, y, _, ct| Some(share(y, x, ct)), |x, y, _, ct| Some(share(x, y, ct))),
        Binary::Pow => (
            // y·x^(y-1), and 0·x^0 for y = 0, which is 0 for any x, as are its derivatives.
            |x, y, _, ct| Some(ct * (y * x.power(y.equal(0.0).select(1.0, y) - 1.0))),
            // x^y·ln x, which is 0 for x = 0.
            |x, _, out, ct| Some(ct * x.equal(0.0).select(0.0, out * x.equal(0.0).select(1.0, x).log())),
        ),
        Binary::Atan2 => (
            |x, y, _, ct| Some(ct * (y / (x.square() + y.square()))),
            |x, y, _, ct| Some(-(ct * (x / (x.square() + y.square())))),
        ),
        Binary::And | Binary::Or | Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight => {
            (|_, _, _, _| None, |_, _, _, _| None)
        }
    }
}

/// `ct` where `winner` is larger than `loser`, half of it where they are equal, 0 elsewhere.
fn share(winner: &Tensor, loser: &Tensor, ct: &Tensor) -> Tensor {
    let at_equals = winner.equal(loser).select(ct * 0.5, ct.zeros_like());
    winner.greater(loser).select(ct, at_equals)
}

/// The sum of `ct` over the copies of each element of `x` that a broadcast has made.
fn unbroadcast(ct: &Tensor, x: &Tensor, axes: &Axes) -> Tensor {
    let copied: Vec<isize> = (0..ct.rank())
        .filter(|axis| match axes.iter().position(|placed| placed == axis) {
            Some(own) => x.shape()[own] == 1 && ct.shape()[*axis] != 1,
            None => true,
        })
        .map(usize::cast_signed)
        .collect();
    ct.sum(copied).reshape(x.shape())
}

fn reduce_vjp(kind: Reduction, axes: &Axes, x: &Tensor, output: &Tensor, ct: &Tensor) -> Tensor {
    let kept: Axes =
        (0..x.rank()).map(|axis| if axes.contains(&axis) { 1 } else { x.shape()[axis] }).collect();
    let spread = |reduced: &Tensor| reduced.reshape(&kept).broadcast_to(x.shape());
    let signed: Vec<isize> = axes.iter().map(|axis| axis.cast_signed()).collect();
    match kind {
        Reduction::Max | Reduction::Min => {
            // Equal elements share the cotangent, as in JAX. A count may be too large for a 16-bit float.
            let at = x.equal(spread(output)).convert(x.dtype().to_accumulated());
            let count = at.sum(&signed);
            (at * spread(&(ct / count))).convert(x.dtype())
        }
        Reduction::Prod => product::vjp(axes, x, ct),
        Reduction::Sum => spread(ct),
        Reduction::All | Reduction::Any => unreachable!("reductions of bool have no gradient"),
    }
}

fn reduce_window_vjp(kind: Reduction, windows: &[WindowAxis], x: &Tensor, ct: &Tensor) -> Tensor {
    let extremum = match kind {
        Reduction::Max => Extremum::Max,
        Reduction::Min => Extremum::Min,
        Reduction::Sum => {
            let back = windows.iter().zip(x.shape()).map(|(window, &extent)| window.to_operand(extent));
            return ct.window_reduction(Reduction::Sum, back.collect());
        }
        Reduction::Prod | Reduction::All | Reduction::Any => {
            unreachable!("shape inference refuses other reductions of windows")
        }
    };
    // The first of equal elements gets the whole cotangent, as in XLA's select_and_scatter.
    let at = Tensor::apply(Op::ArgReduceWindow { kind: extremum, windows: windows.into() }, [x.clone()]);
    let flat = Tensor::zeros([x.size()], x.dtype());
    flat.scatter_rows(Update::Add, &at.reshape([at.size()]), &ct.reshape([ct.size()]), 0).reshape(x.shape())
}

/// True where no later index names the same entry of `axis` of `x`. Broadcasts to the shape of the updates.
fn last_in_place(indices: &Tensor, x: &Tensor, axis: usize) -> Tensor {
    let numbers = Tensor::arange(indices.size(), DType::I32);
    let flat = indices.reshape([indices.size()]);
    let none = Tensor::full([x.shape()[axis]], -1, DType::I32);
    let last = none.scatter_rows(Update::Set, &flat, &numbers, 0).gather_filled(&flat, 0, -1);
    let after = x.rank() - axis - 1;
    let shape: Axes = indices.shape().iter().copied().chain(std::iter::repeat_n(1, after)).collect();
    last.equal(&numbers).reshape(shape)
}

fn dot_vjp_lhs(dimensions: &DotDimensions, lhs: &Tensor, rhs: &Tensor, ct: &Tensor) -> Tensor {
    let (lhs_free, rhs_free) = dimensions.free_axes(lhs.rank(), rhs.rank());
    let batch: Axes = (0..dimensions.lhs_batch.len()).collect();
    let ct_rhs_free: Axes = (batch.len() + lhs_free.len()..ct.rank()).collect();
    // [batch, lhs free, rhs contracting in the order of rhs's axes]
    let product = ct.dot_general(rhs, (&ct_rhs_free, &rhs_free), (&batch, &dimensions.rhs_batch));
    let contracted = paired_in_order(&dimensions.rhs_contracting, &dimensions.lhs_contracting);
    let places: Axes = dimensions.lhs_batch.iter().chain(&lhs_free).chain(&contracted).copied().collect();
    arranged(&product, &places)
}

fn dot_vjp_rhs(dimensions: &DotDimensions, lhs: &Tensor, rhs: &Tensor, ct: &Tensor) -> Tensor {
    let (lhs_free, rhs_free) = dimensions.free_axes(lhs.rank(), rhs.rank());
    let batch: Axes = (0..dimensions.lhs_batch.len()).collect();
    let ct_lhs_free: Axes = (batch.len()..batch.len() + lhs_free.len()).collect();
    // [batch, lhs contracting in the order of lhs's axes, rhs free]
    let product = lhs.dot_general(ct, (&lhs_free, &ct_lhs_free), (&dimensions.lhs_batch, &batch));
    let contracted = paired_in_order(&dimensions.lhs_contracting, &dimensions.rhs_contracting);
    let places: Axes = dimensions.rhs_batch.iter().chain(&contracted).chain(&rhs_free).copied().collect();
    arranged(&product, &places)
}

/// The cotangent convolved with the reversed kernel.
fn convolution_vjp_operand(windows: &[WindowAxis], x: &Tensor, kernel: &Tensor, ct: &Tensor) -> Tensor {
    let spatial = windows.len();
    let back = windows.iter().zip(&x.shape()[1..]).map(|(window, &extent)| window.to_operand(extent));
    // [spatial.., groups, out, in]
    let order: Axes = (0..=spatial).chain([spatial + 2, spatial + 1]).collect();
    let reversed = (0..spatial).fold(kernel.transpose(order), |kernel, axis| kernel.flip(axis.cast_signed()));
    ct.convolution(&reversed, back.collect())
}

/// The operand convolved with the cotangent, with the batch as the summed features.
fn convolution_vjp_kernel(windows: &[WindowAxis], x: &Tensor, kernel: &Tensor, ct: &Tensor) -> Tensor {
    if ct.size() == 0 {
        return kernel.zeros_like();
    }
    let spatial = windows.len();
    let back = windows.iter().zip(&x.shape()[1..]).map(|(window, &extent)| window.to_window(extent));
    // [in, spatial.., groups, batch] by [spatial.., groups, batch, out]
    let order: Axes = [spatial + 2].into_iter().chain(1..spatial + 2).chain([0]).collect();
    let ct_order: Axes = (1..spatial + 2).chain([0, spatial + 2]).collect();
    let product = x.transpose(order).convolution(&ct.transpose(ct_order), back.collect());
    // From [in, spatial.., groups, out].
    product.transpose((1..spatial + 2).chain([0, spatial + 2]).collect::<Axes>())
}

/// The `partners` of `axes`, sorted by the axes.
fn paired_in_order(axes: &Axes, partners: &Axes) -> Axes {
    let mut pairs: SmallVec<[(usize, usize); 4]> =
        axes.iter().copied().zip(partners.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, partner)| partner).collect()
}

/// `x` with axis `i` moved to position `places[i]`.
fn arranged(x: &Tensor, places: &[usize]) -> Tensor {
    if places.iter().copied().eq(0..places.len()) {
        return x.clone();
    }
    let mut permutation = Axes::from_elem(0, places.len());
    for (axis, &place) in places.iter().enumerate() {
        permutation[place] = axis;
    }
    x.transpose(permutation)
}

mod product;

#[cfg(test)]
mod tests;
