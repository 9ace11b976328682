//! Epilogue fusion: the elementwise kernel that runs on each block of a contraction's result while the block is in cache,
//! on the thread that has computed it. Knows no contractions.

use smallvec::SmallVec;

use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use crate::embedded::analysis::body::Body;
use crate::embedded::fused::allocation::{Allocation, Part};
use crate::embedded::fused::formulas;
use crate::embedded::fused::frame::{Frame, Lane, Source};
use crate::embedded::fused::map::Map;
use crate::embedded::fused::program::{InPlaceOutput, Merged, Order, Reads};

/// A fused kernel that follows a contraction.
pub(crate) struct Epilogue {
    map: Map,
    /// Number of the contraction's result among the inputs of the kernel.
    input: usize,
    /// True if other kernels read the contraction's result, so that it must be stored.
    pub(crate) keeps: bool,
}

/// The inputs of the kernel, without the contraction's result.
pub(crate) struct Inputs {
    buffers: SmallVec<[Option<Buffer>; 4]>,
    replaced: SmallVec<[InPlaceOutput; 3]>,
}

/// The parts of an epilogue's outputs that belong to one block.
pub(crate) type Parts<'a> = SmallVec<[Part<'a>; 3]>;

/// The elements of one step of the kernel of `body`: blocks whose lengths are multiples of it are whole steps.
pub(crate) fn step(graph: &Graph, body: &Body) -> usize {
    let merged = Merged::new(body, &Order::natural(body.space.len()));
    let tiling = merged.tiling(formulas::jobs(graph, body).len());
    // Within a single tile, operands may have been gathered for the whole tile beforehand.
    if tiling.blocks == 1 { tiling.length() } else { tiling.inner }
}

impl Epilogue {
    /// `map` reads what the contraction `id` gives.
    pub(crate) fn new(map: Map, id: Id, keeps: bool) -> Self {
        let input = map.program.inputs.iter().position(|&input| input == id);
        let input = input.expect("an epilogue reads the contraction's result");
        Self { map, input, keeps }
    }

    /// The same epilogue; the caller gives the memory of `output` block by block.
    pub(crate) fn without(mut self, output: Option<usize>) -> Self {
        self.map.unkept = output;
        self
    }

    /// The nodes that it reads in addition to the contraction's result.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Id> {
        let inputs = self.map.program.inputs.iter().enumerate();
        inputs.filter(|(number, _)| *number != self.input).map(|(_, &id)| id)
    }

    /// Prepares a run: the memory of the outputs, and the inputs from the buffers of [`reads`](Self::reads). An output may
    /// reuse the buffer of an input.
    pub(crate) fn prepare(
        &self,
        inputs: impl Iterator<Item = Option<Buffer>>,
    ) -> (Inputs, SmallVec<[Allocation; 3]>) {
        let mut buffers: SmallVec<[Option<Buffer>; 4]> = inputs.collect();
        buffers.insert(self.input, None);
        let (replaced, allocations) = self.map.allocate(&mut buffers);
        (Inputs { buffers, replaced }, allocations)
    }

    /// Computes the block of the outputs that starts at element `first`, from the same block of the contraction's result.
    pub(crate) fn run<T: Lane>(&self, inputs: &Inputs, first: usize, own: &[T], parts: Parts<'_>) {
        let program = &self.map.program;
        Frame::with(|frame| {
            for part in parts {
                part.push_to(frame, first);
            }
            program.enter(frame, &|input| inputs.buffers[input].as_ref(), &inputs.replaced);
            let own_input = Reads::Input(self.input);
            for window in program.windows.iter().filter(|window| window.reads == own_input) {
                T::bank(frame).sources[window.number] = Source::Block(own, first);
            }
            program.tiling.each_within(first, own.len(), |tile| program.run(frame, tile));
        });
    }
}
