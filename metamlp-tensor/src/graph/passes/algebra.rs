//! Algebraic simplification: removes operations that change no bit of their operand. These are `x * 1`, `x / 1`, `x - 0`,
//! `x + 0` for integers, conversions to the same dtype, selects between equal operands, and views of the same shape. What has
//! no elements is made of nothing.

use smallvec::smallvec;

use crate::dtype::DType;
use crate::graph::op::{Binary, Literal, Op};
use crate::graph::{Graph, GraphNode, Id};
use crate::shape::{Axes, Type};

pub(crate) fn simplify(graph: &Graph) -> Graph {
    let mut result = Graph::default();
    let mut renamed: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let mut node = node.clone();
        for operand in &mut node.operands {
            *operand = renamed[*operand as usize];
        }
        let same = equal_operand(&result, &node);
        renamed.push(same.unwrap_or_else(|| push(&mut result, node)));
    }
    result.outputs = graph.outputs.iter().map(|&id| renamed[id as usize]).collect();
    result
}

/// Adds the node. One without elements reads nothing: its operands may be large and are not needed for it.
fn push(graph: &mut Graph, node: GraphNode) -> Id {
    if node.operands.is_empty() || !node.ty.shape.contains(&0) {
        return graph.push(node);
    }
    let zero = Op::Constant(Literal::from_f64(0.0, node.ty.dtype));
    let zero = graph.push(GraphNode { op: zero, operands: smallvec![], ty: Type::new([], node.ty.dtype) });
    let op = Op::BroadcastInDim { shape: node.ty.shape.clone(), axes: Axes::new() };
    graph.push(GraphNode { op, operands: smallvec![zero], ty: node.ty })
}

/// The operand that the node is equal to, bit by bit, if there is one.
fn equal_operand(graph: &Graph, node: &GraphNode) -> Option<Id> {
    let operands = &node.operands;
    let is = |operand: usize, value: f64| -> bool {
        broadcast_literal(graph, operands[operand])
            .is_some_and(|literal| literal == Literal::from_f64(value, literal.dtype()))
    };
    let is_integer = node.ty.dtype.is_integer();
    match node.op {
        Op::Binary(Binary::Mul) if node.ty.dtype != DType::Bool && is(1, 1.0) => Some(operands[0]),
        Op::Binary(Binary::Mul) if node.ty.dtype != DType::Bool && is(0, 1.0) => Some(operands[1]),
        Op::Binary(Binary::Div) if is(1, 1.0) => Some(operands[0]),
        Op::Binary(Binary::Sub) if is(1, 0.0) => Some(operands[0]),
        Op::Binary(Binary::Add) if is_integer && is(1, 0.0) => Some(operands[0]),
        Op::Binary(Binary::Add) if is_integer && is(0, 0.0) => Some(operands[1]),
        Op::Select if operands[1] == operands[2] => Some(operands[1]),
        Op::Convert(dtype) | Op::BitcastConvert(dtype) if graph.node(operands[0]).ty.dtype == dtype => {
            Some(operands[0])
        }
        Op::Reshape(_) | Op::BroadcastInDim { .. } | Op::Slice(_)
            if graph.node(operands[0]).ty.shape == node.ty.shape =>
        {
            Some(operands[0])
        }
        Op::Transpose(ref permutation) if permutation.iter().copied().eq(0..permutation.len()) => {
            Some(operands[0])
        }
        _ => None,
    }
}

/// The literal that all elements of the node are equal to, if the node is a constant or a view of one.
fn broadcast_literal(graph: &Graph, mut id: Id) -> Option<Literal> {
    loop {
        let node = graph.node(id);
        match node.op {
            Op::Constant(literal) => return Some(literal),
            Op::BroadcastInDim { .. } | Op::Reshape(_) => id = node.operands[0],
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{F32, I32, Tensor};

    #[track_caller]
    fn remaining(x: &Tensor, f: impl Fn(&Tensor) -> Tensor) -> usize {
        let graph = Graph::of(&[], &[f(x)]);
        let simple = crate::graph::passes::dead_code::remove(&simplify(&graph));
        simple.nodes.len() - 1
    }

    #[test]
    fn what_changes_nothing_disappears() {
        let (x, n) = (Tensor::iota([3], 0, F32), Tensor::iota([3], 0, I32));
        assert_eq!(remaining(&x, |x| x * 1.0), 0);
        assert_eq!(remaining(&x, |x| (x / 1.0 - 0.0).transpose([0])), 0);
        assert_eq!(remaining(&n, |n| n + 0), 0);
        assert_eq!(remaining(&x, |x| x.greater(0.5).select(x, x)), 0);
    }

    #[test]
    fn what_has_no_elements_reads_nothing() {
        let x = Tensor::iota([1 << 40, 0], 0, F32);
        // The zero and its broadcast.
        assert_eq!(remaining(&x, |x| (x - x.sum_keepdims([-1])).exp()), 1);
        assert_eq!(remaining(&x, |x| x.sum([-1]).exp()), 2);
    }

    #[test]
    fn what_changes_a_bit_stays() {
        // -0 + 0 is 0, and 1 / x is not x.
        let x = Tensor::iota([3], 0, F32);
        assert!(remaining(&x, |x| x + 0.0) > 0);
        assert!(remaining(&x, |x| Tensor::full([3], 1.0, F32) / x) > 0);
    }
}
