//! The buffers of a run, between its steps: a list with a place for each node that has a buffer. Most nodes have none.

use std::cell::Cell;

use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::step::Step;

/// The place of each node's buffer.
pub(crate) struct Places {
    /// By the node's number; meaningless for nodes that have no buffer.
    of: Vec<u32>,
    count: usize,
}

/// The buffers of one run.
pub(crate) struct Values<'p> {
    places: &'p Places,
    buffers: Vec<Option<Buffer>>,
}

thread_local! {
    /// The list of the last run on this thread, empty.
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

    /// Values without any buffer.
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
        // A thread that is ending keeps no list.
        let _ = SPARE.try_with(|spare| spare.set(buffers));
    }
}

impl Values<'_> {
    fn at(&mut self, id: Id) -> &mut Option<Buffer> {
        &mut self.buffers[self.places.of[id as usize] as usize]
    }

    /// The buffer of `id`, which an earlier step has written.
    pub(crate) fn get(&mut self, id: Id) -> Buffer {
        self.at(id).clone().expect("a step follows the steps that write what it reads")
    }

    /// The buffer of `id`, which no later step reads.
    pub(crate) fn take(&mut self, id: Id) -> Buffer {
        self.at(id).take().expect("a buffer is freed by the last step that reads it")
    }

    pub(crate) fn put(&mut self, id: Id, buffer: Buffer) {
        *self.at(id) = Some(buffer);
    }
}
