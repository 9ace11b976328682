//! A compiled program: its steps, and the buffers between them, each dropped after its last read.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::embedded::analysis::layout::Layout;
use crate::embedded::direct::constant;
use crate::embedded::schedule;
use crate::embedded::schedule::memory::Memory;
use crate::embedded::schedule::step::Step;
use crate::embedded::schedule::values::{Places, Values};
use crate::engine::{statistics, threads};
use crate::error::Error;
use crate::graph::op::Op;
use crate::graph::source::{self, Source};
use crate::graph::{Graph, Id, mode};
use crate::memory::buffer::Buffer;
use crate::memory::exhausted::or_exhausted;

/// The memory that the system refused to a step.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The first operation of the step.
    op: &'static str,
    bytes: usize,
}

impl Refused {
    /// The error of a program that was started at `source_line`.
    pub(crate) fn at(self, source_line: Source) -> Error {
        Error::OutOfMemory { op: self.op, bytes: self.bytes, source_line }
    }
}

/// An estimate of the bytes of a node and of its part of a kernel.
const BYTES_PER_NODE: usize = 1024;
/// An estimate of the bytes of a step and its kernel.
const BYTES_PER_STEP: usize = 1024;

/// A program ready to run.
pub(crate) struct Executable {
    graph: Graph,
    steps: Vec<Step>,
    /// For each output the node whose buffer it is.
    outputs: Vec<Id>,
    places: Places,
    /// The literals that a step reads from a buffer.
    constants: Vec<(Id, Buffer)>,
}

impl Executable {
    /// Compiles `graph`, which has been optimised.
    pub(crate) fn new(graph: Graph) -> Self {
        let layout = Layout::new(&graph);
        let steps = schedule::steps(&graph, &layout);
        let outputs: Vec<Id> = graph.outputs.iter().map(|&output| layout.place(output).base).collect();
        let read = steps.iter().flat_map(|step| &step.reads).chain(&outputs);
        let mut constants: Vec<(Id, Buffer)> = Vec::new();
        let mut known: FxHashSet<Id> = FxHashSet::default();
        for &id in read {
            if let Op::Constant(literal) = graph.node(id).op
                && known.insert(id)
            {
                constants.push((id, constant::buffer(literal)));
            }
        }
        let places = Places::new(&graph, &steps, &outputs);
        Self { graph, steps, outputs, places, constants }
    }

    /// The values of the outputs, in the list of the inputs' values, which are in the order of the graph's inputs.
    ///
    /// # Errors
    /// [`Refused`] if the system does not have the memory for a step.
    pub(crate) fn run(&self, inputs: Vec<Buffer>) -> Result<Vec<Buffer>, Refused> {
        statistics::count_nodes(self.graph.nodes.len() - self.graph.inputs.len());
        let running = AtomicUsize::new(0);
        let run = || or_exhausted(|| threads::enter(|| self.run_steps(inputs, &running)));
        // While this thread waits for others it may be given another task, which must find nothing of this one's.
        let results = mode::running(|| source::without_source(run));
        results.map_err(|bytes| {
            let nodes = self.steps.get(running.into_inner()).map(|step| &step.nodes);
            let op =
                nodes.and_then(|nodes| nodes.first()).map_or("program", |&id| self.graph.node(id).op.name());
            Refused { op, bytes }
        })
    }

    fn run_steps(&self, mut list: Vec<Buffer>, running: &AtomicUsize) -> Vec<Buffer> {
        debug_assert_eq!(list.len(), self.graph.inputs.len(), "a program is given a value for each input");
        let mut values = self.places.values();
        for (&id, input) in self.graph.inputs.iter().zip(list.drain(..)) {
            values.put(id, input);
        }
        for (id, buffer) in &self.constants {
            values.put(*id, buffer.clone());
        }
        for (number, step) in self.steps.iter().enumerate() {
            running.store(number, Ordering::Relaxed);
            run_step(step, &mut values);
        }
        list.extend(self.outputs.iter().map(|&id| values.get(id)));
        list
    }

    /// The number of kernels that a run starts.
    pub(crate) fn kernels(&self) -> usize {
        self.steps.len()
    }

    /// The memory that a run needs.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(&self.graph, &self.steps, &self.outputs)
    }

    /// The bytes of the program itself, without its buffers: an estimate by the number of its nodes and steps.
    pub(crate) fn estimated_bytes(&self) -> usize {
        BYTES_PER_NODE * self.graph.nodes.len() + BYTES_PER_STEP * self.steps.len()
    }

    /// The number of instructions of each elementwise kernel.
    #[cfg(test)]
    pub(super) fn instructions(&self) -> Vec<usize> {
        self.steps.iter().filter_map(|step| step.kernel.instructions()).collect()
    }
}

fn run_step(step: &Step, values: &mut Values<'_>) {
    let mut inputs: SmallVec<[Option<Buffer>; 8]> = SmallVec::new();
    for (&id, &dies) in step.reads.iter().zip(&step.frees) {
        inputs.push(Some(if dies { values.take(id) } else { values.get(id) }));
    }
    let outputs = step.kernel.run(&mut inputs);
    debug_assert_eq!(outputs.len(), step.writes.len(), "a kernel makes all that its step writes");
    for (&id, buffer) in step.writes.iter().zip(outputs) {
        values.put(id, buffer);
    }
}

/// The plan, one line a step: the kernel, the nodes that it computes, the buffers that it reads (`!` for the last time)
/// and writes.
impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            write!(f, "{number}: {} (", step.kernel)?;
            for (i, &id) in step.nodes.iter().enumerate() {
                let node = self.graph.node(id);
                write!(f, "{}%{id} {}", if i > 0 { ", " } else { "" }, node.op.name())?;
                for operand in &node.operands {
                    write!(f, " %{operand}")?;
                }
            }
            f.write_str(") of")?;
            for (id, dies) in step.reads.iter().zip(&step.frees) {
                write!(f, " %{id}{}", if *dies { "!" } else { "" })?;
            }
            f.write_str(" to")?;
            for &id in &step.writes {
                write!(f, " %{id} {}", self.graph.node(id).ty)?;
            }
            writeln!(f)?;
        }
        f.write_str("return")?;
        for output in &self.outputs {
            write!(f, " %{output}")?;
        }
        Ok(())
    }
}
