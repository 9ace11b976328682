//! Common subexpression elimination: equal operations on equal operands become one node. Identities are removed.

use rustc_hash::FxHashMap;

use crate::graph::op::Op;
use crate::graph::{Graph, GraphNode, Id};

pub(crate) fn merge(graph: &Graph) -> Graph {
    let mut result = Graph::default();
    let mut seen: FxHashMap<GraphNode, Id> = FxHashMap::default();
    let mut renamed: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let mut node = node.clone();
        for operand in &mut node.operands {
            *operand = renamed[*operand as usize];
        }
        renamed.push(match node.op {
            Op::Input => result.push(node),
            Op::Identity | Op::StopGradient => node.operands[0],
            _ => *seen.entry(node).or_insert_with_key(|node| result.push(node.clone())),
        });
    }
    result.outputs = graph.outputs.iter().map(|&id| renamed[id as usize]).collect();
    result
}
