//! The embedded engine: compiles a graph to steps of kernels for the CPU and runs them.

pub(crate) mod analysis;
pub(crate) mod contraction;
pub(crate) mod direct;
pub(crate) mod executable;
pub(crate) mod fused;
pub(crate) mod kernel;
pub(crate) mod schedule;
pub(crate) mod slices;
#[cfg(test)]
mod tests;

pub(crate) use executable::{Executable, Refused};

use crate::graph::Graph;
use crate::graph::passes::{self, half_precision};

/// Optimises and prepares `graph`.
pub(crate) fn compile(graph: &Graph) -> Executable {
    Executable::new(passes::optimise(&half_precision::widen(graph)))
}
