//! Arithmetic on 16-bit floats: each operation computes in `f32` and rounds its result once. Holds the rule, and the pass
//! that rewrites a graph by it.

use smallvec::smallvec;

use crate::dtype::DType;
use crate::graph::op::{Op, Update};
use crate::graph::{Graph, GraphNode, Id};
use crate::shape::Type;

/// True if the operation computes with its operands' values. False if it only moves or selects elements.
pub(crate) fn computes(op: &Op) -> bool {
    match op {
        Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::MulAdd
        | Op::Reduce { .. }
        | Op::ArgReduce { .. }
        | Op::DotGeneral(_)
        | Op::Convolution(_)
        | Op::ReduceWindow { .. }
        | Op::ArgReduceWindow { .. }
        | Op::Scatter { update: Update::Add, .. }
        | Op::ArgSort { .. }
        | Op::TopK { .. }
        | Op::CumulativeSum { .. } => true,
        Op::Input
        | Op::Constant(_)
        | Op::Iota { .. }
        | Op::Identity
        | Op::StopGradient
        | Op::Select
        | Op::Convert(_)
        | Op::BitcastConvert(_)
        | Op::BroadcastInDim { .. }
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Slice(_)
        | Op::Pad(_)
        | Op::Concatenate { .. }
        | Op::Reverse { .. }
        | Op::Gather { .. }
        | Op::Scatter { update: Update::Set, .. }
        | Op::DynamicSlice { .. }
        | Op::DynamicUpdateSlice
        | Op::RngBits(_)
        | Op::RngSplit { .. } => false,
    }
}

/// True if an operand or the result has a 16-bit float dtype.
pub(crate) fn is_met_by<'a>(mut operands: impl Iterator<Item = &'a Type>, result: &Type) -> bool {
    result.dtype.is_half() || operands.any(|operand| operand.dtype.is_half())
}

/// The type in which values of type `ty` are computed: `f32` instead of a 16-bit float.
pub(crate) fn wide(ty: &Type) -> Type {
    let dtype = if ty.dtype.is_half() { DType::F32 } else { ty.dtype };
    Type { dtype, shape: ty.shape.clone() }
}

/// Inserts conversions around each operation that computes with 16-bit floats. The executor has no other arithmetic for
/// them.
pub(crate) fn widen(graph: &Graph) -> Graph {
    if graph.nodes.iter().all(|node| !node.ty.dtype.is_half()) {
        return graph.clone().verified("half precision");
    }
    let mut result = Graph::default();
    let mut renamed: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let mut node = node.clone();
        let operand_types = node.operands.iter().map(|&operand| &graph.node(operand).ty);
        let widens = computes(&node.op) && is_met_by(operand_types, &node.ty);
        for operand in &mut node.operands {
            *operand = renamed[*operand as usize];
            if widens && result.node(*operand).ty.dtype.is_half() {
                *operand = convert(&mut result, *operand, DType::F32);
            }
        }
        let dtype = node.ty.dtype;
        if widens {
            node.ty = wide(&node.ty);
        }
        let id = result.push(node);
        renamed.push(if widens && dtype.is_half() { convert(&mut result, id, dtype) } else { id });
    }
    result.outputs = graph.outputs.iter().map(|&id| renamed[id as usize]).collect();
    result.verified("half precision")
}

fn convert(graph: &mut Graph, operand: Id, dtype: DType) -> Id {
    let ty = Type { dtype, shape: graph.node(operand).ty.shape.clone() };
    graph.push(GraphNode { op: Op::Convert(dtype), operands: smallvec![operand], ty })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Graph;
    use crate::{BF16, Tensor};

    #[test]
    fn sums_are_taken_in_single_precision() {
        let x = Tensor::full([1000], 1.0, BF16);
        // In bf16 itself the sum would stay at 256.
        assert_eq!(x.sum_all().convert(crate::F32).item::<f32>().unwrap(), 1000.0);
    }

    #[test]
    fn what_only_moves_stays_narrow() {
        let x = Tensor::iota([4, 2], 0, BF16);
        let graph = Graph::of(&[], &[x.transpose([1, 0]).slice_axis(0, 0, 1)]);
        assert_eq!(widen(&graph), graph);
        let graph = Graph::of(&[], &[&x + &x]);
        assert_eq!(widen(&graph).nodes.len(), graph.nodes.len() + 3);
    }
}
