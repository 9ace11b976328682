//! What makes a graph smaller before it runs: each pass is one loop, and
//! returns an equivalent graph with the same inputs and outputs.

mod common_subexpressions;
mod dead_code;

use crate::graph::Graph;

/// All passes.
pub(crate) fn optimise(graph: &Graph) -> Graph {
    dead_code::remove(&common_subexpressions::merge(graph))
}
