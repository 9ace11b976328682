//! The bytes of a program's buffers, counted step by step without running it.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{Graph, Id};
use crate::memory::shared::Form;

use super::step::Step;

/// Bytes of a program's buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// The most that a run holds at once, without the inputs.
    pub(crate) peak: usize,
    /// Weights that products keep packed in panels, as long as the inputs live.
    pub(crate) panels: usize,
}

impl Memory {
    /// The memory of `steps`, whose results are the buffers of `outputs`.
    pub(crate) fn of(graph: &Graph, steps: &[Step], outputs: &[Id]) -> Self {
        let bytes = |id: Id| {
            let ty = &graph.node(id).ty;
            ty.shape.size() * ty.dtype.size()
        };
        let mut distinct = outputs.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut memory = Self {
            inputs: graph.inputs.iter().map(|&id| bytes(id)).sum(),
            outputs: distinct.iter().map(|&id| bytes(id)).sum(),
            peak: 0,
            panels: 0,
        };
        let mut forms: FxHashSet<(Id, Form)> = FxHashSet::default();
        // Inputs are not in it: they belong to the caller.
        let mut held: FxHashMap<Id, usize> = FxHashMap::default();
        let mut now = 0;
        for step in steps {
            if let Some((input, form)) = step.kernel.packed()
                && forms.insert((step.reads[input], form))
            {
                let element = graph.node(step.reads[input]).ty.dtype.size();
                memory.panels += form.depth * form.columns * element;
            }
            // A result in the buffer of an input that dies takes no more.
            let replaced: usize =
                step.kernel.replaced().iter().filter_map(|&input| held.get(&step.reads[input])).sum();
            for &id in &step.writes {
                held.insert(id, bytes(id));
                now += bytes(id);
            }
            memory.peak = memory.peak.max(now + step.kernel.temporary() - replaced);
            for (id, _) in step.reads.iter().zip(&step.frees).filter(|(_, dies)| **dies) {
                now -= held.remove(id).unwrap_or(0);
            }
        }
        memory
    }
}
