//! Only what an output needs is kept. Inputs stay, since values are bound to
//! them by position.

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
    let mut renamed: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for (id, node) in graph.nodes.iter().enumerate() {
        renamed.push(if needed[id] || node.op == Op::Input {
            let mut node = node.clone();
            for operand in &mut node.operands {
                *operand = renamed[*operand as usize];
            }
            result.push(node)
        } else {
            Id::MAX
        });
    }
    result.outputs = graph.outputs.iter().map(|&id| renamed[id as usize]).collect();
    result
}
