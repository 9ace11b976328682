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
        // Each number of bytes fits, but a sum of several may not.
        let bytes = |id: Id| graph.node(id).ty.bytes();
        let sum = |ids: &[Id]| ids.iter().map(|&id| bytes(id)).fold(0, usize::saturating_add);
        let mut distinct = outputs.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut memory = Self { inputs: sum(&graph.inputs), outputs: sum(&distinct), peak: 0, panels: 0 };
        let mut forms: FxHashSet<(Id, Form)> = FxHashSet::default();
        // Inputs are not in it: they belong to the caller.
        let mut held: FxHashMap<Id, u128> = FxHashMap::default();
        let mut now = 0_u128;
        let mut peak = 0;
        for step in steps {
            if let Some((input, form)) = step.kernel.packed()
                && forms.insert((step.reads[input], form))
            {
                let element = graph.node(step.reads[input]).ty.dtype.size();
                let panels = form.depth.saturating_mul(form.columns).saturating_mul(element);
                memory.panels = memory.panels.saturating_add(panels);
            }
            // A result in the buffer of an input that dies takes no more.
            let dying = step.kernel.replaced();
            let replaced: u128 = dying.iter().filter_map(|&input| held.get(&step.reads[input])).sum();
            for &id in &step.writes {
                held.insert(id, bytes(id) as u128);
                now += bytes(id) as u128;
            }
            peak = peak.max(now + step.kernel.temporary() as u128 - replaced);
            for (id, _) in step.reads.iter().zip(&step.frees).filter(|(_, dies)| **dies) {
                now -= held.remove(id).unwrap_or(0);
            }
        }
        memory.peak = usize::try_from(peak).unwrap_or(usize::MAX);
        memory
    }
}
