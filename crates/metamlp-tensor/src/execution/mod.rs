//! Running programs: an engine compiles a graph once, the compiled form is
//! cached by the graph's structure and run on each call's inputs.

mod plan_cache;
pub mod statistics;

use std::sync::Arc;

use crate::buffer::Buffer;
use crate::graph::Graph;
use crate::oracle;
use crate::passes;

/// A program ready to run.
pub(crate) struct Executable {
    graph: Graph,
}

/// Optimises and prepares `graph`.
pub(crate) fn compile(graph: &Graph) -> Executable {
    Executable { graph: passes::optimise(graph) }
}

impl Executable {
    /// The outputs' values; `inputs` are bound in the order of the graph's.
    pub(crate) fn run(&self, inputs: Vec<Buffer>) -> Vec<Buffer> {
        statistics::count_nodes(self.graph.nodes.len() - self.graph.inputs.len());
        oracle::run(&self.graph, inputs)
    }
}

/// Runs `graph`, compiled now or before.
pub(crate) fn run(graph: Graph, inputs: Vec<Buffer>) -> Vec<Buffer> {
    prepared(graph).run(inputs)
}

/// `graph`'s compiled form, from the cache if it is there.
pub(crate) fn prepared(graph: Graph) -> Arc<Executable> {
    plan_cache::get_or_compile(graph)
}
