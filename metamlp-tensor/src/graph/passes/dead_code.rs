//! Dead code elimination: removes nodes that no output depends on. Inputs stay, since values are bound to them by
//! position.

use crate::graph::op::Op;
use crate::graph::{Graph, Id};

pub(crate) fn remove(graph: &Graph) -> Graph {
    let mut needed = vec![false; graph.nodes.len()];
    for &output in &graph.outputs {
        needed[output as usize] = true;
    }
    for (id, node) in graph.nodes.iter().enumerate().rev() {
        if needed[id] {
            for &operand in &node.operands {
                needed[operand as usize] = true;
            }
        }
    }
    let mut result = Graph::default();
    let mut renamed: Vec<Option<Id>> = Vec::with_capacity(graph.nodes.len());
    let new_id = |renamed: &[Option<Id>], id: Id| {
        renamed[id as usize].expect("operands of needed nodes, and outputs, are needed")
    };
    for (id, node) in graph.nodes.iter().enumerate() {
        renamed.push((needed[id] || node.op == Op::Input).then(|| {
            let mut node = node.clone();
            for operand in &mut node.operands {
                *operand = new_id(&renamed, *operand);
            }
            result.push(node)
        }));
    }
    result.outputs = graph.outputs.iter().map(|&id| new_id(&renamed, id)).collect();
    result
}
