//! Elementwise kernels: a program that runs on every tile of its iteration space.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::allocation::{Allocation, Part};
use super::frame::Frame;
use super::program::{InPlaceOutput, Merged, Order, Program, Slots};
use super::rearrangement::Rearrangement;
use crate::embedded::analysis::body::{Body, is_copy};
use crate::embedded::analysis::loads::Load;
use crate::embedded::kernel::{Kernel, Outputs};
use crate::embedded::slices::parallel::PARALLEL_COST;
use crate::embedded::slices::view::View;

/// Cost in additions of a piece of work, if there are many pieces.
const PIECE_COST: usize = 1 << 20;
/// Least number of pieces: threads take unequal times for a piece.
const PIECES: usize = 4;

/// A fused elementwise kernel.
pub(crate) struct Map {
    pub(crate) program: Program,
    /// Elements of each output.
    size: usize,
    /// Tiles of a piece of work.
    piece: usize,
    /// The output whose caller gives memory block by block, so that this kernel allocates none.
    pub(crate) unkept: Option<usize>,
    /// Inputs, by number, that are transposed first.
    rearranged: SmallVec<[(usize, Rearrangement); 1]>,
    /// True if the kernel is nothing but one rearrangement.
    is_rearrangement: bool,
}

impl Map {
    pub(crate) fn new(graph: &Graph, body: &Body, dies: &dyn Fn(Id) -> bool) -> Self {
        let mut slots = Slots::default();
        for &id in &body.stored {
            slots.push(id, graph.node(id).ty.dtype, 0);
        }
        Self::within(graph, body, &mut slots, dies)
    }

    /// One of several kernels in a frame, which has the outputs already.
    pub(crate) fn within(graph: &Graph, body: &Body, slots: &mut Slots, dies: &dyn Fn(Id) -> bool) -> Self {
        let merged = Merged::new(body, &Order::natural(body.space.len()));
        let program = Program::new(graph, body, merged, slots, dies);
        let size: usize = body.space.iter().product();
        let cost = size.saturating_mul(body.cost as usize);
        let piece = if cost < PARALLEL_COST {
            program.tiling.count.max(1)
        } else {
            let most = program.tiling.count.div_ceil(PIECES);
            (PIECE_COST / program.tiling.length().saturating_mul(body.cost as usize)).clamp(1, most)
        };
        Self { program, size, piece, unkept: None, rearranged: SmallVec::new(), is_rearrangement: false }
    }

    /// A kernel with a frame of its own, which may transpose its inputs first.
    pub(crate) fn alone(graph: &Graph, body: &Body, dies: &dyn Fn(Id) -> bool) -> Self {
        let mut rearrangements: SmallVec<[(Id, Rearrangement); 1]> = SmallVec::new();
        let loads = body.loads.map(|_, load| match (load.base, Rearrangement::new(load, &body.space)) {
            (Some(base), Some(rearrangement)) if body.loads.is_only_one_of(load.base) => {
                rearrangements.push((base, rearrangement));
                Load {
                    strides: View::contiguous(&body.space).strides,
                    offset: 0,
                    is_whole: true,
                    ..load.clone()
                }
            }
            _ => load.clone(),
        });
        if rearrangements.is_empty() {
            return Self::new(graph, body, dies);
        }
        // The rearranged buffer belongs to this kernel, so that an output can reuse it.
        let is_own = |id: Id| rearrangements.iter().any(|(base, _)| *base == id);
        let in_order = Body { loads, ..body.clone() };
        let map = Self::new(graph, &in_order, &|id| is_own(id) || dies(id));
        let inputs = &map.program.inputs;
        let rearranged = rearrangements
            .into_iter()
            .map(|(base, rearrangement)| {
                let input = inputs.iter().position(|&input| input == base);
                (input.expect("the kernel reads what is rearranged for it"), rearrangement)
            })
            .collect();
        let is_rearrangement = matches!(body.nodes[..], [id] if is_copy(graph, id));
        Self { rearranged, is_rearrangement, ..map }
    }

    fn taken_over(&self) -> impl Iterator<Item = usize> {
        self.program.outputs.iter().filter_map(|output| output.in_place).map(|in_place| in_place.input)
    }

    /// The memory of the outputs: that of an input if it can be reused, else new memory.
    pub(crate) fn allocate(
        &self,
        inputs: &mut [Option<Buffer>],
    ) -> (SmallVec<[InPlaceOutput; 3]>, SmallVec<[Allocation; 3]>) {
        let program = &self.program;
        let mut replaced: SmallVec<[InPlaceOutput; 3]> = SmallVec::new();
        let mut allocations: SmallVec<[Allocation; 3]> = SmallVec::new();
        for (i, output) in program.outputs.iter().enumerate() {
            if self.unkept == Some(i) {
                allocations.push(Allocation::take(output.slot.dtype, 0));
                continue;
            }
            let own = output.in_place.and_then(|in_place| {
                match Allocation::reuse(inputs[in_place.input].take()?) {
                    Ok(allocation) => {
                        let before =
                            program.outputs[..i].iter().filter(|o| o.slot.dtype == output.slot.dtype);
                        replaced.push(in_place.output(before.count()));
                        Some(allocation)
                    }
                    Err(buffer) => {
                        inputs[in_place.input] = Some(buffer);
                        None
                    }
                }
            });
            allocations.push(own.unwrap_or_else(|| Allocation::take(output.slot.dtype, self.size)));
        }
        (replaced, allocations)
    }

    /// Runs all tiles, in a frame that the program has entered.
    pub(crate) fn run_block(&self, frame: &mut Frame<'_>) {
        self.run_tiles(frame, 0..self.program.tiling.count);
    }

    fn run_tiles(&self, frame: &mut Frame<'_>, tiles: Range<usize>) {
        for number in tiles {
            self.program.run_tile(frame, number);
        }
    }

    fn fill(&self, inputs: &[Option<Buffer>], replaced: &[InPlaceOutput], allocations: &mut [Allocation]) {
        let tiling = &self.program.tiling;
        let count = tiling.count;
        let operand = |input: usize| inputs[input].as_ref();
        if count <= self.piece {
            Frame::with(|frame| {
                allocations.iter_mut().for_each(|allocation| allocation.whole().push_to(frame, 0));
                self.program.enter(frame, &operand, replaced);
                self.run_tiles(frame, 0..count);
            });
            return;
        }
        let firsts = || (0..count).step_by(self.piece);
        let lengths =
            || firsts().map(|first| tiling.linear((first + self.piece).min(count)) - tiling.linear(first));
        let mut pieces: Vec<(usize, SmallVec<[Part<'_>; 3]>)> =
            firsts().map(|first| (first, SmallVec::new())).collect();
        for allocation in allocations {
            for (piece, part) in pieces.iter_mut().zip(allocation.parts(lengths())) {
                piece.1.push(part);
            }
        }
        pieces.into_par_iter().for_each(|(first, parts)| {
            Frame::with(|frame| {
                parts.into_iter().for_each(|part| part.push_to(frame, tiling.linear(first)));
                self.program.enter(frame, &operand, replaced);
                self.run_tiles(frame, first..(first + self.piece).min(count));
            });
        });
    }
}

impl Kernel for Map {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        for (input, rearrangement) in &self.rearranged {
            let buffer = inputs[*input].take().expect("a step is given all of its inputs");
            inputs[*input] = Some(rearrangement.run(&buffer));
        }
        if let (true, Some((input, _))) = (self.is_rearrangement, self.rearranged.first()) {
            return inputs[*input].take().into_iter().collect();
        }
        let (replaced, mut allocations) = self.allocate(inputs);
        if self.size > 0 {
            self.fill(inputs, &replaced, &mut allocations);
        }
        let mut outputs = Outputs::new();
        for allocation in allocations {
            outputs.push(allocation.into_buffer());
        }
        outputs
    }

    fn temporary(&self) -> usize {
        let is_taken = |input: usize| self.is_rearrangement || self.taken_over().any(|taken| taken == input);
        let kept = self.rearranged.iter().filter(|(input, _)| !is_taken(*input));
        kept.map(|(_, one)| one.bytes()).fold(0, usize::saturating_add)
    }

    fn replaced(&self) -> SmallVec<[usize; 2]> {
        let is_given = |input: &usize| self.rearranged.iter().all(|(rearranged, _)| rearranged != input);
        self.taken_over().filter(is_given).collect()
    }

    #[cfg(test)]
    fn instructions(&self) -> Option<usize> {
        Some(self.program.instructions.len())
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "map {}", self.program)?;
        if self.rearranged.is_empty() { Ok(()) } else { write!(f, ", {} rearranged", self.rearranged.len()) }
    }
}
