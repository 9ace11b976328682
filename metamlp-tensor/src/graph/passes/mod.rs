//! What makes a graph smaller before it runs: each pass is one loop, and
//! returns an equivalent graph with the same inputs and outputs.

mod algebra;
mod common_subexpressions;
mod constants;
mod dead_code;
pub(crate) mod half_precision;

use crate::graph::Graph;

/// All passes.
pub(crate) fn optimise(graph: &Graph) -> Graph {
    let merged = common_subexpressions::merge(graph);
    let simple = algebra::simplify(&constants::fold(&merged));
    // Equal literals may only have come out now.
    dead_code::remove(&common_subexpressions::merge(&simple))
}
