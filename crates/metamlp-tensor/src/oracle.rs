//! The reference evaluation: node by node, in the plainest way, with ndarray.
//! Every pass and the executor are tested against it; it is never fast.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice, aview1};

use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::graph::Graph;
use crate::math::Real;
use crate::op::{Binary, Comparison, DotDimensions, Extremum, Literal, Op, Reduction, Unary};
use crate::random::threefry;
use crate::shape::{Axes, Type};

/// The values of `graph`'s outputs.
pub(crate) fn run(graph: &Graph, inputs: Vec<Buffer>) -> Vec<Buffer> {
    let mut inputs = inputs.into_iter();
    let mut values: Vec<Buffer> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let value = match node.op {
            Op::Input => inputs.next().unwrap_or_else(|| Buffer::from_vec(Vec::<bool>::new())),
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

/// Runs `$body` with `$T` standing for the Rust type of `$dtype`.
macro_rules! with_type {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::Bool => {
                type $T = bool;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::U32 => {
                type $T = u32;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}

/// The value of one operation. The operands fit, `infer` has seen to that.
pub(crate) fn evaluate(op: &Op, operands: &[(&Buffer, &Type)], ty: &Type) -> Buffer {
    let first = || operands[0].0;
    let from = || operands[0].1.dtype;
    match op {
        Op::Input => first().clone(),
        Op::Identity | Op::StopGradient | Op::Reshape(_) => first().clone(),
        Op::Constant(literal) => constant(*literal),
        Op::Iota { axis, .. } => {
            let positions = ArrayD::from_shape_fn(IxDyn(&ty.shape), |index| index[*axis] as f64);
            with_type!(ty.dtype, T => Buffer::from_vec(positions.iter().map(|&i| T::from_f64(i)).collect()))
        }
        Op::Unary(Unary::IsFinite) => match from() {
            DType::F32 => map(first(), f32::is_finite),
            _ => map(first(), f64::is_finite),
        },
        Op::Unary(unary) => with_type!(ty.dtype, T => map(first(), |x: T| x.unary(*unary))),
        Op::Binary(binary) => {
            with_type!(ty.dtype, T => zip(first(), operands[1].0, |x: T, y: T| x.binary(*binary, y)))
        }
        Op::Compare(comparison) => {
            with_type!(from(), T => zip(first(), operands[1].0, |x: T, y: T| comparison.holds(x, y)))
        }
        Op::Select => with_type!(ty.dtype, T => {
            let chosen = elements::<bool>(first()).iter().zip(elements::<T>(operands[1].0)).zip(elements::<T>(operands[2].0));
            Buffer::from_vec(chosen.map(|((&choice, &yes), &no)| if choice { yes } else { no }).collect())
        }),
        Op::MulAdd => with_type!(ty.dtype, T => {
            let triples = elements::<T>(first()).iter().zip(elements::<T>(operands[1].0)).zip(elements::<T>(operands[2].0));
            Buffer::from_vec(triples.map(|((&a, &b), &c)| a.mul_add(b, c)).collect())
        }),
        Op::Convert(_) => {
            with_type!(from(), S => with_type!(ty.dtype, T => map(first(), |x: S| x.convert::<T>())))
        }
        Op::BitcastConvert(_) => {
            with_type!(from(), S => with_type!(ty.dtype, T => map(first(), |x: S| T::from_bits64(x.to_bits64()))))
        }
        Op::BroadcastInDim { axes, .. } => with_type!(ty.dtype, T => {
            let mut placed = Axes::from_elem(1, ty.shape.len());
            for (&axis, &extent) in axes.iter().zip(&operands[0].1.shape[..]) {
                placed[axis] = extent;
            }
            let operand = view::<T>(first(), &placed);
            collect(operand.broadcast(IxDyn(&ty.shape)).unwrap_or(operand.view()))
        }),
        Op::Transpose(permutation) => {
            with_type!(ty.dtype, T => collect(view::<T>(first(), &operands[0].1.shape).permuted_axes(&permutation[..])))
        }
        Op::Reduce { kind, axes } => with_type!(ty.dtype, T => {
            let mut axes = axes.clone();
            axes.sort_unstable_by(|a, b| b.cmp(a));
            let mut array = view::<T>(first(), &operands[0].1.shape).to_owned();
            for axis in axes {
                array = array.fold_axis(Axis(axis), T::start(*kind), |&so_far, &x| so_far.reduce(*kind, x));
            }
            collect(array.view())
        }),
        Op::ArgReduce { kind, axis } => with_type!(from(), T => {
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
        Op::DotGeneral(dimensions) => with_type!(ty.dtype, T => {
            let lhs = view::<T>(first(), &operands[0].1.shape);
            let rhs = view::<T>(operands[1].0, &operands[1].1.shape);
            dot(dimensions, &lhs, &rhs)
        }),
        Op::Slice { starts, limits, strides } => with_type!(ty.dtype, T => {
            let mut operand = view::<T>(first(), &operands[0].1.shape);
            for axis in 0..starts.len() {
                let part = Slice::new(starts[axis].cast_signed(), Some(limits[axis].cast_signed()), strides[axis].cast_signed());
                operand.slice_axis_inplace(Axis(axis), part);
            }
            collect(operand)
        }),
        Op::Pad { low, interior, .. } => with_type!(ty.dtype, T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let mut result = ArrayD::from_elem(IxDyn(&ty.shape), elements::<T>(operands[1].0)[0]);
            for (index, &x) in operand.indexed_iter() {
                let place: Axes = (0..low.len()).map(|axis| low[axis] + index[axis] * (interior[axis] + 1)).collect();
                result[&place[..]] = x;
            }
            collect(result.view())
        }),
        Op::Concatenate { axis } => with_type!(ty.dtype, T => {
            let mut result = ArrayD::from_elem(IxDyn(&ty.shape), T::default());
            let mut start = 0;
            for (buffer, ty) in operands {
                let end = start + ty.shape[*axis];
                result.slice_axis_mut(Axis(*axis), Slice::from(start..end)).assign(&view::<T>(buffer, &ty.shape));
                start = end;
            }
            collect(result.view())
        }),
        Op::Reverse { axes } => with_type!(ty.dtype, T => {
            let mut operand = view::<T>(first(), &operands[0].1.shape);
            for &axis in axes {
                operand.invert_axis(Axis(axis));
            }
            collect(operand)
        }),
        Op::Gather { axis } => with_type!(ty.dtype, T => {
            let operand = view::<T>(first(), &operands[0].1.shape);
            let rows = clamped(operands[1].0, operands[0].1.shape[*axis]);
            collect(operand.select(Axis(*axis), &rows).view())
        }),
        Op::ScatterAdd { axis } => with_type!(ty.dtype, T => {
            let mut result = view::<T>(first(), &ty.shape).to_owned();
            let rows = clamped(operands[1].0, ty.shape[*axis]);
            let mut flat: Axes = ty.shape[..].into();
            flat[*axis] = rows.len();
            let updates = view::<T>(operands[2].0, &flat);
            for (i, &row) in rows.iter().enumerate() {
                let mut target = result.index_axis_mut(Axis(*axis), row);
                target.zip_mut_with(&updates.index_axis(Axis(*axis), i), |x, &update| *x = x.binary(Binary::Add, update));
            }
            collect(result.view())
        }),
        Op::ArgSort { axis } => with_type!(from(), T => {
            let operand = view::<T>(first(), &ty.shape);
            let mut result = ArrayD::<i32>::zeros(IxDyn(&ty.shape));
            for (mut order, lane) in result.lanes_mut(Axis(*axis)).into_iter().zip(operand.lanes(Axis(*axis))) {
                let mut positions: Vec<i32> = (0..lane.len() as i32).collect();
                positions.sort_by(|&i, &j| T::order(lane[i as usize], lane[j as usize]));
                for (slot, position) in order.iter_mut().zip(positions) {
                    *slot = position;
                }
            }
            collect(result.view())
        }),
        Op::CumulativeSum { axis, reverse } => with_type!(ty.dtype, T => {
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
            Buffer::from_vec(keys.collect())
        }
    }
}

pub(crate) fn constant(literal: Literal) -> Buffer {
    with_type!(literal.dtype(), T => Buffer::from_vec(vec![T::from_literal(literal)]))
}

pub(crate) fn key(buffer: &Buffer) -> [u32; 2] {
    let words = elements::<u32>(buffer);
    [words[0], words[1]]
}

fn clamped(indices: &Buffer, extent: usize) -> Vec<usize> {
    let last = extent.saturating_sub(1) as i64;
    elements::<i32>(indices).iter().map(|&i| i64::from(i).clamp(0, last) as usize).collect()
}

fn dot<T: Arithmetic>(
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

fn elements<T: Element>(buffer: &Buffer) -> &[T] {
    buffer.as_slice().unwrap_or(&[])
}

fn map<S: Element, T: Element>(buffer: &Buffer, f: impl Fn(S) -> T) -> Buffer {
    Buffer::from_vec(elements(buffer).iter().map(|&x| f(x)).collect())
}

fn zip<S: Element, T: Element>(lhs: &Buffer, rhs: &Buffer, f: impl Fn(S, S) -> T) -> Buffer {
    Buffer::from_vec(elements(lhs).iter().zip(elements(rhs)).map(|(&x, &y)| f(x, y)).collect())
}

fn view<'a, T: Element>(buffer: &'a Buffer, shape: &[usize]) -> ArrayViewD<'a, T> {
    ArrayViewD::from_shape(IxDyn(shape), elements(buffer))
        .unwrap_or_else(|_| aview1(elements(buffer)).into_dyn())
}

fn collect<T: Element>(array: ArrayViewD<'_, T>) -> Buffer {
    Buffer::from_vec(array.iter().copied().collect())
}

impl Comparison {
    /// Whether the comparison holds of `x` and `y`.
    #[inline(always)]
    pub(crate) fn holds<T: PartialOrd>(self, x: T, y: T) -> bool {
        match self {
            Self::Eq => x == y,
            Self::Ne => x != y,
            Self::Lt => x < y,
            Self::Le => x <= y,
            Self::Gt => x > y,
            Self::Ge => x >= y,
        }
    }
}

/// What the elementwise operations do to one element: their definition.
pub(crate) trait Arithmetic: Element {
    fn from_f64(value: f64) -> Self;
    fn from_literal(literal: Literal) -> Self;
    fn from_bits64(bits: u64) -> Self;
    fn to_f64(self) -> f64;
    fn unary(self, unary: Unary) -> Self;
    fn binary(self, binary: Binary, other: Self) -> Self;
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The least value, which is the start of a maximum.
    fn least() -> Self;
    fn greatest() -> Self;
    fn order(self, other: Self) -> std::cmp::Ordering;

    /// By value; every element type but `bool` and floats goes through `i64` so that integers wrap.
    fn convert<T: Arithmetic>(self) -> T {
        T::from_f64(self.to_f64())
    }

    /// What a reduction of nothing gives.
    fn start(kind: Reduction) -> Self {
        match kind {
            Reduction::Sum | Reduction::Any => Self::from_f64(0.0),
            Reduction::Prod | Reduction::All => Self::from_f64(1.0),
            Reduction::Max => Self::least(),
            Reduction::Min => Self::greatest(),
        }
    }

    fn reduce(self, kind: Reduction, x: Self) -> Self {
        match kind {
            Reduction::Sum => self.binary(Binary::Add, x),
            Reduction::Prod => self.binary(Binary::Mul, x),
            Reduction::Max => self.binary(Binary::Max, x),
            Reduction::Min => self.binary(Binary::Min, x),
            Reduction::All => self.binary(Binary::And, x),
            Reduction::Any => self.binary(Binary::Or, x),
        }
    }

    /// Whether `x` takes the place of the extremum `best` so far. The first NaN stays.
    fn beats(kind: Extremum, x: Self, best: Self) -> bool {
        let best_is_nan = best.partial_cmp(&best).is_none();
        let x_is_nan = x.partial_cmp(&x).is_none();
        !best_is_nan
            && (x_is_nan
                || match kind {
                    Extremum::Max => x > best,
                    Extremum::Min => x < best,
                })
    }
}

macro_rules! float_arithmetic {
    ($ty:ident, $bits:ty) => {
        impl Arithmetic for $ty {
            fn from_f64(value: f64) -> Self {
                value as $ty
            }
            fn from_literal(literal: Literal) -> Self {
                literal.as_f64() as $ty
            }
            fn from_bits64(bits: u64) -> Self {
                $ty::from_bits(bits as $bits)
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn unary(self, unary: Unary) -> Self {
                match unary {
                    Unary::Abs => self.abs(),
                    Unary::Cos => self.cos(),
                    Unary::Ceil => self.ceil(),
                    Unary::Erf => Real::erf(self),
                    Unary::ErfInv => Real::erf_inv(self),
                    Unary::Erfc => Real::erfc(self),
                    Unary::Exp => Real::exp(self),
                    Unary::ExpM1 => Real::exp_m1(self),
                    Unary::Floor => self.floor(),
                    Unary::Log => Real::log(self),
                    Unary::Log1p => Real::log1p(self),
                    Unary::Logistic => Real::logistic(self),
                    Unary::Neg => -self,
                    Unary::RoundNearestEven => self.round_ties_even(),
                    Unary::Rsqrt => Real::rsqrt(self),
                    Unary::Sign => {
                        if self == 0.0 || self.is_nan() {
                            self
                        } else {
                            self.signum()
                        }
                    }
                    Unary::Sin => self.sin(),
                    Unary::Sqrt => self.sqrt(),
                    Unary::Tan => self.tan(),
                    Unary::Tanh => Real::tanh(self),
                    Unary::IsFinite | Unary::Not => self,
                }
            }
            fn binary(self, binary: Binary, other: Self) -> Self {
                match binary {
                    Binary::Add => self + other,
                    Binary::Sub => self - other,
                    Binary::Mul => self * other,
                    Binary::Div => self / other,
                    Binary::Rem => self % other,
                    Binary::Max => {
                        if self.is_nan() || self > other || (self == other && !self.is_sign_negative()) {
                            self
                        } else {
                            other
                        }
                    }
                    Binary::Min => {
                        if self.is_nan() || self < other || (self == other && self.is_sign_negative()) {
                            self
                        } else {
                            other
                        }
                    }
                    Binary::Pow => self.powf(other),
                    Binary::Atan2 => self.atan2(other),
                    Binary::And | Binary::Or | Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight => self,
                }
            }
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                $ty::mul_add(self, factor, addend)
            }
            fn least() -> Self {
                $ty::NEG_INFINITY
            }
            fn greatest() -> Self {
                $ty::INFINITY
            }
            fn order(self, other: Self) -> std::cmp::Ordering {
                // NaN is last; both zeros are equal.
                match (self.is_nan(), other.is_nan()) {
                    (false, false) => self.partial_cmp(&other).unwrap_or(std::cmp::Ordering::Equal),
                    (a, b) => a.cmp(&b),
                }
            }
        }
    };
}

float_arithmetic!(f32, u32);
float_arithmetic!(f64, u64);

macro_rules! integer_arithmetic {
    ($ty:ident) => {
        impl Arithmetic for $ty {
            fn from_f64(value: f64) -> Self {
                // Out of range saturates as a float does, but wraps from the other integer type.
                if value >= i32::MIN as f64 && value <= u32::MAX as f64 {
                    value as i64 as $ty
                } else {
                    value as $ty
                }
            }
            fn from_literal(literal: Literal) -> Self {
                literal.low_bits() as $ty
            }
            fn from_bits64(bits: u64) -> Self {
                bits as $ty
            }
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            fn unary(self, unary: Unary) -> Self {
                match unary {
                    #[allow(unused_comparisons)]
                    Unary::Abs => {
                        if self < 0 {
                            self.wrapping_neg()
                        } else {
                            self
                        }
                    }
                    Unary::Neg => self.wrapping_neg(),
                    #[allow(unused_comparisons)]
                    Unary::Sign => {
                        if self < 0 {
                            (0 as $ty).wrapping_sub(1)
                        } else {
                            (self > 0) as $ty
                        }
                    }
                    Unary::Not => !self,
                    _ => self,
                }
            }
            fn binary(self, binary: Binary, other: Self) -> Self {
                match binary {
                    Binary::Add => self.wrapping_add(other),
                    Binary::Sub => self.wrapping_sub(other),
                    Binary::Mul => self.wrapping_mul(other),
                    Binary::Div => {
                        if other == 0 {
                            !0
                        } else {
                            self.wrapping_div(other)
                        }
                    }
                    Binary::Rem => {
                        if other == 0 {
                            self
                        } else {
                            self.wrapping_rem(other)
                        }
                    }
                    Binary::Max => Ord::max(self, other),
                    Binary::Min => Ord::min(self, other),
                    Binary::And => self & other,
                    Binary::Or => self | other,
                    Binary::Xor => self ^ other,
                    Binary::ShiftLeft => {
                        u32::try_from(other).ok().and_then(|by| self.checked_shl(by)).unwrap_or(0)
                    }
                    Binary::ShiftRight => {
                        u32::try_from(other).ok().and_then(|by| (self as u32).checked_shr(by)).unwrap_or(0)
                            as $ty
                    }
                    Binary::Pow | Binary::Atan2 => self,
                }
            }
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                self.wrapping_mul(factor).wrapping_add(addend)
            }
            fn least() -> Self {
                $ty::MIN
            }
            fn greatest() -> Self {
                $ty::MAX
            }
            fn order(self, other: Self) -> std::cmp::Ordering {
                self.cmp(&other)
            }
        }
    };
}

integer_arithmetic!(i32);
integer_arithmetic!(u32);

impl Arithmetic for bool {
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
    fn from_literal(literal: Literal) -> Self {
        literal.as_bool()
    }
    fn from_bits64(bits: u64) -> Self {
        bits != 0
    }
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn unary(self, unary: Unary) -> Self {
        if unary == Unary::Not { !self } else { self }
    }
    fn binary(self, binary: Binary, other: Self) -> Self {
        match binary {
            Binary::And | Binary::Min | Binary::Mul => self & other,
            Binary::Or | Binary::Max | Binary::Add => self | other,
            Binary::Xor => self ^ other,
            _ => self,
        }
    }
    fn mul_add(self, _factor: Self, _addend: Self) -> Self {
        self
    }
    fn least() -> Self {
        false
    }
    fn greatest() -> Self {
        true
    }
    fn order(self, other: Self) -> std::cmp::Ordering {
        self.cmp(&other)
    }
}
