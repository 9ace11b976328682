//! The bytes that a program's buffers take, found by going through its steps
//! without running them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{Graph, Id};
use crate::memory::shared::Form;

use super::{Step, Work};

/// Bytes of a program's buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// The most that a run holds at once: all but the inputs.
    pub(crate) peak: usize,
    /// What products keep of the inputs that are their weights, in panels, while those live.
    pub(crate) panels: usize,
}

impl Memory {
    /// Of `steps`, whose results are the buffers of `outputs`.
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
        let mut held: FxHashMap<Id, usize> = FxHashMap::default();
        let mut now = 0;
        for step in steps {
            if let Work::Product(product, _) = &step.work
                && let Some(form) = product.form
                && forms.insert((step.reads[1], form))
            {
                memory.panels += form.depth * form.columns * graph.node(step.reads[1]).ty.dtype.size();
            }
            // A result in the place of something that dies takes no more.
            let (replaced, temporary): (usize, usize) = match &step.work {
                Work::Map(map) => {
                    let replaced = map.replaced().filter_map(|input| held.get(&step.reads[input]));
                    (replaced.sum(), map.temporary())
                }
                _ => (0, 0),
            };
            for &id in &step.writes {
                held.insert(id, bytes(id));
                now += bytes(id);
            }
            memory.peak = memory.peak.max(now + temporary - replaced);
            for (id, _) in step.reads.iter().zip(&step.frees).filter(|(_, dies)| **dies) {
                now -= held.remove(id).unwrap_or(0);
            }
        }
        memory
    }
}
