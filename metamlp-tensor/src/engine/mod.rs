//! From a recording to a compiled program: the cache of compiled programs, and what a user may ask about one.

pub(crate) mod plan;
pub(crate) mod plan_cache;
pub mod statistics;
pub(crate) mod threads;

use std::sync::Arc;

use crate::embedded::Executable;
use crate::graph::node::Tensor;
use crate::graph::recording::Recording;

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
