//! Scalars that depend on nothing but literals become literals.

use crate::graph::op::{Literal, Op};
use crate::graph::{Graph, GraphNode};
use crate::memory::buffer::Buffer;
use crate::oracle;
use crate::shape::Type;

pub(crate) fn fold(graph: &Graph) -> Graph {
    let mut result =
        Graph { inputs: graph.inputs.clone(), outputs: graph.outputs.clone(), nodes: Vec::new() };
    for node in &graph.nodes {
        let folded = literal_of(&result, node).map(|literal| GraphNode {
            op: Op::Constant(literal),
            operands: smallvec::SmallVec::new(),
            ty: node.ty.clone(),
        });
        result.nodes.push(folded.unwrap_or_else(|| node.clone()));
    }
    result
}

fn literal_of(graph: &Graph, node: &GraphNode) -> Option<Literal> {
    if node.operands.is_empty() || !node.ty.shape.is_empty() {
        return None;
    }
    let mut operands: Vec<(Buffer, &Type)> = Vec::new();
    for &operand in &node.operands {
        let operand = graph.node(operand);
        let Op::Constant(literal) = operand.op else { return None };
        operands.push((oracle::constant(literal), &operand.ty));
    }
    let operands: Vec<(&Buffer, &Type)> = operands.iter().map(|(buffer, ty)| (buffer, *ty)).collect();
    let value = oracle::evaluate(&node.op, &operands, &node.ty);
    for_dtype!(value.dtype(), T => Some(Literal::new(*value.as_slice::<T>()?.first()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{F32, Tensor};

    #[test]
    fn scalars_of_literals_are_literals() {
        let x = Tensor::full([], 2.0, F32);
        let y = (&x + 1.0).exp() * &x;
        let graph = Graph::of(&[], &[y]);
        let folded = fold(&graph);
        let value = 2.0 * crate::math::exp::exp_f32(3.0);
        assert_eq!(folded.node(folded.outputs[0]).op, Op::Constant(Literal::new(value)));
    }
}
