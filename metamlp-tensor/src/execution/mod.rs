//! Running programs: an engine compiles a graph once, the compiled form is
//! cached by the graph's structure and run on each call's inputs.

mod allocation;
mod attention;
mod body;
mod compiler;
mod convolution;
mod direct;
mod draft;
mod epilogue;
mod executable;
mod factors;
mod folds;
mod formulas;
mod frame;
mod fusion;
mod gemv;
mod instruction;
mod integer_product;
mod lanes;
mod layout;
mod load;
mod loops;
mod map;
mod matmul;
mod matrices;
mod memory;
mod order;
mod places;
mod plan_cache;
mod plane;
mod product;
mod program;
mod rearrangement;
mod reduce;
mod row;
mod row_group;
mod rows;
mod schedule;
pub mod statistics;
#[cfg(test)]
mod tests;
mod tile;
mod view;
mod windows;

pub(crate) use executable::Executable;

use std::sync::Arc;

use crate::graph::Graph;
use crate::half_precision;
use crate::node::Tensor;
use crate::passes;
use crate::recording::Recording;

/// Optimises and prepares `graph`.
pub(crate) fn compile(graph: &Graph) -> Executable {
    Executable::new(passes::optimise(&half_precision::widen(graph)))
}

/// What computes `outputs`, with `arguments` as its first inputs, and the
/// program, compiled now or before.
pub(crate) fn prepared(arguments: &[Tensor], outputs: &[Tensor]) -> (Recording, Arc<Executable>) {
    loop {
        let recording = Recording::of(arguments, outputs);
        if let Some(executable) = plan_cache::get_or_compile(&recording) {
            return (recording, executable);
        }
    }
}
