//! Constant folding: scalar operations on literals become literals.

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::op::{Binary, Literal, Op, Reduction, Unary};
use crate::graph::passes::half_precision;
use crate::graph::{Graph, GraphNode};
use crate::math::arithmetic::Arithmetic;

pub(crate) fn fold(graph: &Graph) -> Graph {
    let mut result =
        Graph { inputs: graph.inputs.clone(), outputs: graph.outputs.clone(), nodes: Vec::new() };
    for node in &graph.nodes {
        let folded = literal_of(&result, node).map(|literal| GraphNode {
            op: Op::Constant(literal),
            operands: SmallVec::new(),
            ty: node.ty.clone(),
        });
        result.nodes.push(folded.unwrap_or_else(|| node.clone()));
    }
    result
}

/// The node's value, if it is a scalar and all its operands are literals.
fn literal_of(graph: &Graph, node: &GraphNode) -> Option<Literal> {
    if node.operands.is_empty() || !node.ty.shape.is_empty() {
        return None;
    }
    let mut operands: SmallVec<[Literal; 3]> = SmallVec::new();
    for &operand in &node.operands {
        let Op::Constant(literal) = graph.node(operand).op else { return None };
        operands.push(literal);
    }
    scalar(&node.op, &operands, node.ty.dtype)
}

/// The value of an operation with scalar operands and a scalar result of `dtype`. `None` for operations that have no
/// such form, and for arithmetic in half precision, which [`half_precision::widen`] has replaced.
fn scalar(op: &Op, operands: &[Literal], dtype: DType) -> Option<Literal> {
    let is_half = dtype.is_half() || operands.iter().any(|operand| operand.dtype().is_half());
    if is_half && half_precision::computes(op) {
        return None;
    }
    let from = operands[0].dtype();
    Some(match op {
        // Without axes these only move the element, and a reduction reduces nothing.
        Op::Identity
        | Op::StopGradient
        | Op::BroadcastInDim { .. }
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Reduce { .. }
        | Op::Slice(_)
        | Op::Pad(_)
        | Op::Reverse { .. } => operands[0],
        Op::Unary(Unary::IsFinite) => Literal::new(operands[0].as_f64().is_finite()),
        Op::Unary(unary) => for_dtype!(dtype, T => Literal::new(T::from_literal(operands[0]).unary(*unary))),
        Op::Binary(binary) => for_dtype!(dtype, T => {
            Literal::new(T::from_literal(operands[0]).binary(*binary, T::from_literal(operands[1])))
        }),
        Op::Compare(comparison) => for_dtype!(from, T => {
            Literal::new(comparison.holds(T::from_literal(operands[0]), T::from_literal(operands[1])))
        }),
        Op::Select if operands[0].as_bool() => operands[1],
        Op::Select => operands[2],
        Op::MulAdd => for_dtype!(dtype, T => {
            let [a, b, c] = [0, 1, 2].map(|i| T::from_literal(operands[i]));
            Literal::new(a.mul_add(b, c))
        }),
        Op::Convert(_) => {
            for_dtype!(from, S => for_dtype!(dtype, T => Literal::new(S::from_literal(operands[0]).convert::<T>())))
        }
        Op::BitcastConvert(_) => operands[0].bitcast(dtype),
        // One product, added to the start of the sum: -0 becomes 0.
        Op::DotGeneral(_) => for_dtype!(dtype, T => {
            let product = T::from_literal(operands[0]).binary(Binary::Mul, T::from_literal(operands[1]));
            Literal::new(T::start(Reduction::Sum).reduce(Reduction::Sum, product))
        }),
        // The only window holds the only element.
        Op::ReduceWindow { kind, .. } => {
            for_dtype!(dtype, T => Literal::new(T::start(*kind).reduce(*kind, T::from_literal(operands[0]))))
        }
        Op::ArgReduceWindow { .. } => Literal::new(0_i32),
        // They have no operands, or an operand or a result with axes.
        Op::Input
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::ArgReduce { .. }
        | Op::Convolution(_)
        | Op::Concatenate { .. }
        | Op::Gather { .. }
        | Op::Scatter { .. }
        | Op::DynamicSlice { .. }
        | Op::DynamicUpdateSlice
        | Op::ArgSort { .. }
        | Op::TopK { .. }
        | Op::CumulativeSum { .. }
        | Op::RngBits(_)
        | Op::RngSplit { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Element;
    use crate::graph::infer::infer;
    use crate::graph::op::{Comparison, Extremum};
    use crate::shape::{Axes, Type};
    use crate::{F32, Tensor, oracle};

    #[test]
    fn scalars_of_literals_are_literals() {
        let x = Tensor::full([], 2.0, F32);
        let y = (&x + 1.0).exp() * &x;
        let graph = Graph::of(&[], &[y]);
        let folded = fold(&graph);
        let value = 2.0 * crate::math::exp::exp_f32(3.0);
        assert_eq!(folded.node(folded.outputs[0]).op, Op::Constant(Literal::new(value)));
    }

    const DTYPES: [DType; 5] = [DType::Bool, DType::I32, DType::U32, DType::F32, DType::F64];

    fn operations() -> Vec<Op> {
        let binary = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Rem,
            Binary::Max,
            Binary::Min,
            Binary::Pow,
            Binary::Atan2,
            Binary::And,
            Binary::Or,
            Binary::Xor,
            Binary::ShiftLeft,
            Binary::ShiftRight,
        ];
        let unary = [
            Unary::Abs,
            Unary::Ceil,
            Unary::Erf,
            Unary::Exp,
            Unary::IsFinite,
            Unary::Log,
            Unary::Neg,
            Unary::Not,
            Unary::Rsqrt,
            Unary::Sign,
            Unary::Tanh,
        ];
        let mut operations = vec![
            Op::Identity,
            Op::Select,
            Op::MulAdd,
            Op::Reduce { kind: Reduction::Max, axes: Axes::new() },
            Op::Reduce { kind: Reduction::Any, axes: Axes::new() },
            Op::Reverse { axes: Axes::new() },
            Op::Compare(Comparison::Ne),
            Op::Compare(Comparison::Le),
            Op::DotGeneral(Box::default()),
            Op::ReduceWindow { kind: Reduction::Sum, windows: Box::new([]) },
            Op::ArgReduceWindow { kind: Extremum::Min, windows: Box::new([]) },
        ];
        operations.extend(binary.map(Op::Binary));
        operations.extend(unary.map(Op::Unary));
        operations.extend(DTYPES.map(Op::Convert));
        operations.extend(DTYPES.map(Op::BitcastConvert));
        operations
    }

    #[test]
    fn folded_values_are_the_oracles() {
        let buffer =
            |literal: Literal| oracle::evaluate(&Op::Constant(literal), &[], &Type::new([], literal.dtype()));
        let mut folded = 0;
        for op in operations() {
            for dtype in DTYPES {
                for [a, b, c] in [[0.0, -0.0, 1.0], [3.0, 2.0, -7.0], [-5.5, 1e9, 0.25], [f64::NAN, 1.0, 2.0]]
                {
                    let first = if op == Op::Select { DType::Bool } else { dtype };
                    let literals = [
                        Literal::from_f64(a, first),
                        Literal::from_f64(b, dtype),
                        Literal::from_f64(c, dtype),
                    ];
                    let types = literals.map(|literal| Type::new([], literal.dtype()));
                    let fits =
                        |&count: &usize| infer(&op, &types[..count].iter().collect::<Vec<_>>()).is_ok();
                    let Some(count) = (1..=3).find(fits) else { continue };
                    let ty = infer(&op, &types[..count].iter().collect::<Vec<_>>()).unwrap();
                    let buffers = literals.map(buffer);
                    let operands: Vec<_> = buffers[..count].iter().zip(&types[..count]).collect();
                    let expected = oracle::evaluate(&op, &operands, &ty);
                    let found = scalar(&op, &literals[..count], ty.dtype).map(buffer);
                    let found = found.expect("a scalar operation on literals folds");
                    let is_equal = for_dtype!(ty.dtype, T => {
                        let [x, y] = [&expected, &found].map(|buffer| buffer.as_slice::<T>().unwrap()[0]);
                        x.to_bits64() == y.to_bits64() || (x.to_f64().is_nan() && y.to_f64().is_nan())
                    });
                    assert!(is_equal, "{} of {:?}", op.name(), &literals[..count]);
                    folded += 1;
                }
            }
        }
        assert!(folded > 300, "{folded} combinations");
    }
}
