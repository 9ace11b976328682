//! Optimisation passes. Each is one loop over a graph and returns an equivalent graph with the same inputs and outputs,
//! which is [verified](Graph::verify) in debug builds.

mod algebra;
mod common_subexpressions;
mod constants;
mod dead_code;
pub(crate) mod half_precision;

use crate::graph::Graph;

/// A pass: its name in messages, and the function.
type Pass = (&'static str, fn(&Graph) -> Graph);

/// The passes in the order in which they run. Common subexpressions are merged a second time because folding and
/// simplification may have made further operations equal.
const PASSES: [Pass; 5] = [
    ("common subexpressions", common_subexpressions::merge),
    ("constant folding", constants::fold),
    ("algebraic simplification", algebra::simplify),
    ("common subexpressions, second time", common_subexpressions::merge),
    ("dead code", dead_code::remove),
];

/// Runs all passes. `graph` has been [widened](half_precision::widen).
pub(crate) fn optimise(graph: &Graph) -> Graph {
    let [(first, pass), rest @ ..] = PASSES;
    rest.iter().fold(pass(graph).verified(first), |graph, (name, pass)| pass(&graph).verified(name))
}
