//! The gradient of each operation, in the middle of a graph, against finite differences. A new operation does not compile
//! until it has a line in the table.

use crate::graph::Graph;
use crate::graph::op::{Binary, Comparison, Extremum, Op, Reduction, Unary, Update};
use crate::{Convolution, DType, F64, I32, Tensor, U32, Window, grad};

#[path = "../../../tests/tensor/gradients/differences.rs"]
mod differences;

use differences::check;

/// A line for each operation: its pattern, and a function of a `[2, 3]` tensor that uses it. An operation belongs to the
/// first line whose pattern it matches.
macro_rules! operations {
    ($($pattern:pat => $f:expr;)*) => {
        /// The line of an operation. The match does not compile if an operation has none.
        fn line_of(op: &Op) -> &'static str {
            match op {
                $($pattern => stringify!($pattern),)*
            }
        }

        fn lines() -> Vec<(&'static str, fn(&Tensor) -> Tensor)> {
            vec![$((stringify!($pattern), $f)),*]
        }
    };
}

operations! {
    Op::Input => |x| x * other();
    Op::Constant(_) => |x| x * 3.0;
    Op::Iota { .. } => |x| x * Tensor::iota([2, 3], 1, F64);
    Op::Identity => |x| grad(x, |x| (x * x * x).sum_all()).unwrap();
    // Its operand has no gradient, so that the finite differences agree.
    Op::StopGradient => |x| x * (x * 1.37).floor().stop_gradient();
    Op::Unary(Unary::Abs) => |x| (x - 0.9).abs();
    Op::Unary(Unary::Cos) => |x| x.cos();
    Op::Unary(Unary::Ceil) => |x| (x * 1.37).ceil() * x;
    Op::Unary(Unary::Erf) => |x| x.erf();
    Op::Unary(Unary::ErfInv) => |x| (x * 0.3).erf_inv();
    Op::Unary(Unary::Erfc) => |x| x.erfc();
    Op::Unary(Unary::Exp) => |x| x.exp();
    Op::Unary(Unary::ExpM1) => |x| x.exp_m1();
    Op::Unary(Unary::Floor) => |x| (x * 1.37).floor() * x;
    Op::Unary(Unary::IsFinite) => |x| x.is_finite().select(x.square(), x);
    Op::Unary(Unary::Log) => |x| x.log();
    Op::Unary(Unary::Log1p) => |x| x.log1p();
    Op::Unary(Unary::Logistic) => |x| x.logistic();
    Op::Unary(Unary::Neg) => |x| -x;
    Op::Unary(Unary::Not) => |x| x.greater(0.8).not().select(x.square(), x);
    Op::Unary(Unary::RoundNearestEven) => |x| (x * 1.37).round() * x;
    Op::Unary(Unary::Rsqrt) => |x| x.rsqrt();
    Op::Unary(Unary::Sign) => |x| (x - 0.9).sign() * x;
    Op::Unary(Unary::Sin) => |x| x.sin();
    Op::Unary(Unary::Sqrt) => |x| x.sqrt();
    Op::Unary(Unary::Tan) => |x| (x * 0.5).tan();
    Op::Unary(Unary::Tanh) => |x| x.tanh();
    Op::Binary(Binary::Add) => |x| either_side(x, |x, y| x + y);
    Op::Binary(Binary::Sub) => |x| either_side(x, |x, y| x - y);
    Op::Binary(Binary::Mul) => |x| either_side(x, |x, y| x * y);
    Op::Binary(Binary::Div) => |x| either_side(x, |x, y| x / y);
    Op::Binary(Binary::Rem) => |x| either_side(x, |x, y| x.remainder(y));
    Op::Binary(Binary::Max) => |x| either_side(x, |x, y| x.maximum(y));
    Op::Binary(Binary::Min) => |x| either_side(x, |x, y| x.minimum(y));
    Op::Binary(Binary::Pow) => |x| either_side(x, |x, y| x.power(y));
    Op::Binary(Binary::Atan2) => |x| either_side(x, |x, y| x.atan2(y));
    Op::Binary(Binary::And) => |x| x.greater(0.3).and(x.less(0.8)).select(x.square(), x);
    Op::Binary(Binary::Or) => |x| x.less(0.3).or(x.greater(0.8)).select(x.square(), x);
    Op::Binary(Binary::Xor) => |x| x.less(0.3).xor(x.greater(0.8)).select(x.square(), x);
    Op::Binary(Binary::ShiftLeft) => |x| x * columns(U32).shift_left(1).convert(F64);
    Op::Binary(Binary::ShiftRight) => |x| x * columns(U32).shift_right(1).convert(F64);
    Op::Compare(Comparison::Eq) => |x| x.equal(0.5).select(x, x.square());
    Op::Compare(Comparison::Ne) => |x| x.not_equal(0.5).select(x, x.square());
    Op::Compare(Comparison::Lt) => |x| x.less(0.8).select(x, x.square());
    Op::Compare(Comparison::Le) => |x| x.less_equal(0.8).select(x, x.square());
    Op::Compare(Comparison::Gt) => |x| x.greater(0.8).select(x, x.square());
    Op::Compare(Comparison::Ge) => |x| x.greater_equal(0.8).select(x, x.square());
    Op::Select => |x| x.greater(0.8).select(x.square(), x);
    Op::MulAdd => |x| x.mul_add(other(), x.square()) + other().mul_add(x, other());
    Op::Convert(_) => |x| x * x.convert(I32).convert(F64);
    Op::BitcastConvert(_) => |x| x * columns(I32).bitcast_convert(U32).convert(F64);
    Op::BroadcastInDim { .. } => |x| x.sum([1]).expand_dims(1).broadcast_to([4, 2, 3]);
    Op::Reshape(_) => |x| x.reshape([3, 2]);
    Op::Transpose(_) => |x| x.t();
    Op::Reduce { kind: Reduction::Sum, .. } => |x| x.sum([1]);
    Op::Reduce { kind: Reduction::Prod, .. } => |x| x.prod([0]);
    Op::Reduce { kind: Reduction::Max, .. } => |x| x.max([1]);
    Op::Reduce { kind: Reduction::Min, .. } => |x| x.min([0]);
    Op::Reduce { kind: Reduction::All, .. } => |x| x.greater(0.3).all([0]).select(x.square(), x);
    Op::Reduce { kind: Reduction::Any, .. } => |x| x.greater(1.2).any([0]).select(x.square(), x);
    Op::ReduceWindow { kind: Reduction::Sum, .. } => |x| x.reduce_window_sum(&Window::new([2, 2]));
    Op::ReduceWindow { kind: Reduction::Min, .. } => |x| x.reduce_window_min(&Window::new([1, 2]));
    // The other reductions are not defined for windows.
    Op::ReduceWindow { .. } => |x| x.reduce_window_max(&Window::new([2, 2]));
    // The gradients of windowed extrema use it.
    Op::ArgReduceWindow { kind: Extremum::Max, .. } => |x| {
        grad(x, |x| x.reduce_window_max(&Window::new([2, 2])).exp().sum_all()).unwrap()
    };
    Op::ArgReduceWindow { kind: Extremum::Min, .. } => |x| {
        grad(x, |x| x.reduce_window_min(&Window::new([2, 2])).exp().sum_all()).unwrap()
    };
    Op::ArgReduce { kind: Extremum::Max, .. } => |x| x * x.argmax(0).convert(F64);
    Op::ArgReduce { kind: Extremum::Min, .. } => |x| x * x.argmin(0).convert(F64);
    Op::DotGeneral(_) => |x| x.matmul(&other().t()) + other().matmul(&x.t());
    Op::Convolution(_) => |x| {
        let (signal, kernel) = (x.reshape([1, 6, 1]), x.slice_axis(0, 0, 1).reshape([3, 1, 1]));
        signal.conv_general_dilated(&kernel, &Convolution::new())
    };
    Op::Slice(_) => |x| x.slice([0, 0], [2, 3], [1, 2]);
    Op::Pad(_) => |x| x.pad_interior([1, 0], [0, 2], [1, 2], x.sum_all());
    Op::Concatenate { .. } => |x| Tensor::concatenate(&[x, &other(), &x.square()], 0);
    Op::Reverse { .. } => |x| x.flip(1);
    Op::Gather { .. } => |x| x.take(&Tensor::from_vec([4], vec![2, 0, 2, 1]), 1);
    Op::Scatter { update: Update::Add, .. } => |x| either_side(x, |x, y| x.scatter_add(&rows(), y, 0));
    Op::Scatter { update: Update::Set, .. } => |x| either_side(x, |x, y| x.scatter(&rows(), y, 0));
    Op::DynamicSlice { .. } => |x| x.dynamic_slice(&rows(), [1, 2]);
    Op::DynamicUpdateSlice => |x| {
        either_side(x, |x, y| x.dynamic_update_slice(&y.slice_axis(1, 0, 2), &Tensor::from_vec([2], vec![0, 1])))
    };
    Op::ArgSort { .. } => |x| x * x.argsort(1).convert(F64);
    Op::TopK { .. } => |x| x.top_k(2).0;
    Op::CumulativeSum { reverse: false, .. } => |x| x.cumulative_sum(1, false);
    Op::CumulativeSum { reverse: true, .. } => |x| x.cumulative_sum(0, true);
    Op::RngBits(_) => |x| x * Tensor::apply(Op::RngBits((&[2, 3][..]).into()), [key()]).convert(F64) * 1e-9;
    Op::RngSplit { .. } => |x| {
        let keys = Tensor::apply(Op::RngSplit { first: 0, count: 3 }, [key()]);
        x * keys.t().convert(F64) * 1e-9
    };
}

/// The other operand of operations with two operands.
fn other() -> Tensor {
    Tensor::from_vec([2, 3], vec![0.7, 1.3, 0.4, 1.1, 0.6, 1.7])
}

/// `f` with `x` as its first, its second, and both operands.
fn either_side(x: &Tensor, f: fn(&Tensor, &Tensor) -> Tensor) -> Tensor {
    f(x, &other()) + f(&other(), x) + f(x, &(x * x + 0.5))
}

fn columns(dtype: DType) -> Tensor {
    Tensor::iota([2, 3], 1, dtype)
}

fn rows() -> Tensor {
    Tensor::from_vec([2], vec![1, 1])
}

fn key() -> Tensor {
    Tensor::from_vec([2], vec![3u32, 5])
}

const VALUES: [f64; 6] = [0.31, 0.87, 1.42, 0.55, 1.9, 0.12];

#[test]
fn every_operation_has_the_gradient_of_its_differences() {
    for (line, f) in lines() {
        let x = Tensor::from_vec([2, 3], VALUES.to_vec());
        let mut lines_seen = Vec::new();
        let gradient = grad(&x, |x| {
            let y = f(x);
            let graph = Graph::of(&[], std::slice::from_ref(&y));
            lines_seen = graph.nodes.iter().map(|node| line_of(&node.op)).collect();
            y.sum_all()
        });
        gradient.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(lines_seen.contains(&line), "the function of {line} has only {lines_seen:?}");
        check(&[2, 3], &VALUES, f);
    }
}
