//! Where a run keeps the buffers between its steps: a list with a place for
//! each node that has a buffer at all. Most nodes of a graph have none.

use std::cell::Cell;

use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::Step;

/// The place of each node's buffer.
pub(crate) struct Places {
    /// By the node's number; that of another where it has no buffer.
    of: Vec<u32>,
    count: usize,
}

/// The buffers of one run.
pub(crate) struct Values<'p> {
    places: &'p Places,
    buffers: Vec<Option<Buffer>>,
}

thread_local! {
    /// The list of the last run, empty.
    static SPARE: Cell<Vec<Option<Buffer>>> = const { Cell::new(Vec::new()) };
}

impl Places {
    pub(crate) fn new(graph: &Graph, steps: &[Step], outputs: &[Id]) -> Self {
        let touched = steps.iter().flat_map(|step| step.reads.iter().chain(&step.writes));
        let mut held: Vec<Id> = touched.chain(outputs).chain(&graph.inputs).copied().collect();
        held.sort_unstable();
        held.dedup();
        let mut of = vec![0; graph.nodes.len()];
        for (place, &id) in (0..).zip(&held) {
            of[id as usize] = place;
        }
        Self { of, count: held.len() }
    }

    /// No buffers yet.
    pub(crate) fn values(&self) -> Values<'_> {
        let mut buffers = SPARE.try_with(Cell::take).unwrap_or_default();
        buffers.resize_with(self.count, || None);
        Values { places: self, buffers }
    }
}

impl Drop for Values<'_> {
    fn drop(&mut self) {
        self.buffers.clear();
        let buffers = std::mem::take(&mut self.buffers);
        let _ = SPARE.try_with(|spare| spare.set(buffers));
    }
}

impl Values<'_> {
    fn at(&mut self, id: Id) -> &mut Option<Buffer> {
        &mut self.buffers[self.places.of[id as usize] as usize]
    }

    pub(crate) fn get(&mut self, id: Id) -> Option<Buffer> {
        self.at(id).clone()
    }

    /// The buffer, which nobody reads after this.
    pub(crate) fn take(&mut self, id: Id) -> Option<Buffer> {
        self.at(id).take()
    }

    pub(crate) fn put(&mut self, id: Id, buffer: Buffer) {
        *self.at(id) = Some(buffer);
    }

    pub(crate) fn put_all(&mut self, ids: &[Id], buffers: impl IntoIterator<Item = Buffer>) {
        for (&id, buffer) in ids.iter().zip(buffers) {
            self.put(id, buffer);
        }
    }
}
