//! Kernels that share rows, such as those of a softmax or a normalisation. All of them run on one block of rows, then on
//! the next one. A block stays in cache from the first kernel to the last, so that memory is read once and written once,
//! and values that only these kernels read are never stored as a whole.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::allocation::{Allocation, Part};
use super::frame::{Frame, Lane, Source};
use super::map::Map;
use super::program::{Program, Reads, Slots};
use super::reduce::Reduce;
use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::row_group::{BLOCK, Cut};
use crate::embedded::kernel::{Kernel, Outputs};
use crate::embedded::slices::parallel::PARALLEL_COST;

/// Cost in additions of a piece of work, if there are many pieces.
const PIECE_COST: usize = 1 << 21;
/// Least number of pieces.
const PIECES: usize = 8;

/// Fused kernels over blocks of rows.
pub(crate) struct Rows {
    /// Number of rows.
    rows: usize,
    /// Consecutive rows with one constant stride in every operand; a block does not cross a run.
    run: usize,
    /// Rows of a block.
    block: usize,
    members: Vec<Member>,
    /// The members compiled for the last block of a run, if it has fewer rows.
    rest: Vec<Member>,
    values: Vec<Value>,
    /// Blocks of a piece of work; all blocks if several threads do not pay.
    piece: usize,
}

/// One of the kernels.
struct Member {
    kernel: Kind,
    /// The input of the group for each input of its program.
    reads: SmallVec<[usize; 4]>,
}

enum Kind {
    Map(Map),
    Reduce(Reduce),
}

/// A value that a member computes.
struct Value {
    id: Id,
    dtype: DType,
    /// Elements of a row.
    row: usize,
    /// True if kernels outside of the group read it.
    is_output: bool,
}

impl Member {
    fn program(&self) -> &Program {
        match &self.kernel {
            Kind::Map(map) => &map.program,
            Kind::Reduce(reduce) => &reduce.program,
        }
    }

    fn run(&self, frame: &mut Frame<'_>) {
        match &self.kernel {
            Kind::Map(map) => map.run_block(frame),
            Kind::Reduce(reduce) => reduce.run_block(frame),
        }
    }
}

impl Rows {
    /// Compiles the kernels of `bodies`, cut by a [`RowGroup`](crate::embedded::analysis::row_group::RowGroup). Also
    /// returns the nodes that they read.
    pub(crate) fn new(
        graph: &Graph,
        bodies: &[Body],
        Cut { rows, run, row: longest }: Cut,
        is_output: &dyn Fn(Id) -> bool,
    ) -> (Self, SmallVec<[Id; 4]>) {
        let row = Body::of_rows(graph, bodies, rows, is_output);
        let bodies = row.as_ref().map_or(bodies, std::slice::from_ref);
        let values: Vec<Value> = bodies
            .iter()
            .flat_map(Body::writes)
            .map(|id| {
                let ty = &graph.node(id).ty;
                Value { id, dtype: ty.dtype, row: ty.shape.size() / rows, is_output: is_output(id) }
            })
            .collect();
        let mut slots = Slots::default();
        for value in &values {
            slots.push(value.id, value.dtype, if value.is_output { value.row } else { 0 });
        }
        let local: FxHashSet<Id> =
            values.iter().filter(|value| !value.is_output).map(|value| value.id).collect();
        let block = if row.is_some() { 1 } else { block(run, (BLOCK / longest.max(1)).clamp(1, run)) };
        let mut reads: SmallVec<[Id; 4]> = SmallVec::new();
        let mut numbers: FxHashMap<Id, usize> = FxHashMap::default();
        let mut compile = |block: usize| -> Vec<Member> {
            let members = bodies.iter().map(|body| {
                let axes = body.row_axes(rows).expect("a row group has bodies whose axes count its rows");
                let body = body.block(axes, block, |id| local.contains(&id));
                let kernel = match Reduce::within(graph, &body, &mut slots) {
                    Some(reduce) => Kind::Reduce(reduce),
                    None => Kind::Map(Map::within(graph, &body, &mut slots, &|_| false)),
                };
                let mut member = Member { kernel, reads: SmallVec::new() };
                let mut input = |id: Id| {
                    *numbers.entry(id).or_insert_with(|| {
                        reads.push(id);
                        reads.len() - 1
                    })
                };
                member.reads = member.program().inputs.iter().map(|&id| input(id)).collect();
                member
            });
            members.collect()
        };
        let members = compile(block);
        let rest = if run.is_multiple_of(block) { Vec::new() } else { compile(run % block) };
        let size = |body: &Body| body.space.iter().product::<usize>();
        let costs = bodies.iter().map(|body| size(body).saturating_mul(body.cost as usize));
        let cost = costs.fold(0, usize::saturating_add);
        let blocks = rows / run * run.div_ceil(block);
        let piece = if cost < PARALLEL_COST {
            blocks
        } else {
            (PIECE_COST / (cost / blocks).max(1)).clamp(1, blocks.div_ceil(PIECES))
        };
        (Self { rows, run, block, members, rest, values, piece }, reads)
    }

    /// The nodes that kernels outside of the group read.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Id> {
        self.outputs().map(|value| value.id)
    }

    fn outputs(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(|value| value.is_output)
    }

    fn blocks(&self) -> usize {
        self.rows / self.run * self.run.div_ceil(self.block)
    }

    /// The first row of a block; the number of rows for the end or beyond.
    fn row(&self, block: usize) -> usize {
        let each = self.run.div_ceil(self.block);
        (block / each * self.run + block % each * self.block).min(self.rows)
    }

    /// Runs the blocks of the piece that starts with block `first`; its outputs are `parts`.
    fn run_piece(&self, inputs: &[Option<Buffer>], first: usize, parts: SmallVec<[Part<'_>; 3]>) {
        let blocks = first..(first + self.piece).min(self.blocks());
        let (mut scratch, mut parts) = (self.scratch(), parts.into_iter());
        Frame::with(|frame| {
            self.enter(inputs, &mut scratch, frame, |value, frame| {
                let position = self.row(blocks.start) * value.row;
                parts.next().expect("a piece has a part of each output").push_to(frame, position);
            });
            self.run_blocks(frame, blocks);
        });
    }

    /// Computes `rows` of the only output, given the same rows of the input number `input`. The rows are
    /// [whole blocks](Self::whole_blocks) of one run.
    pub(crate) fn run_given<T: Lane>(
        &self,
        inputs: &[Option<Buffer>],
        (input, given): (usize, &[T]),
        rows: Range<usize>,
        made: &mut [T],
    ) {
        let position = rows.start * (given.len() / rows.len());
        let (mut scratch, mut made) = (self.scratch(), Some(made));
        Frame::with(|frame| {
            self.enter(inputs, &mut scratch, frame, |value, frame| {
                let position = rows.start * value.row;
                T::bank(frame).push_output(made.take().expect("there is one output"), position);
            });
            for member in self.members.iter().chain(&self.rest) {
                for window in &member.program().windows {
                    if matches!(window.reads, Reads::Input(read) if member.reads[read] == input) {
                        T::bank(frame).sources[window.number] = Source::Block(given, position);
                    }
                }
            }
            let each = self.run.div_ceil(self.block);
            let block = |row: usize| row / self.run * each + (row % self.run).div_ceil(self.block);
            self.run_blocks(frame, block(rows.start)..block(rows.end));
        });
    }

    /// A number of rows, at most `most` if possible, that is a whole number of blocks of one run.
    pub(crate) fn whole_blocks(&self, most: usize) -> usize {
        if most >= self.run { self.run } else { most.max(self.block) / self.block * self.block }
    }

    /// Memory of one block for each value that only members read.
    fn scratch(&self) -> SmallVec<[Allocation; 8]> {
        let inner = self.values.iter().filter(|value| !value.is_output);
        inner.map(|value| Allocation::take(value.dtype, self.block * value.row)).collect()
    }

    /// Prepares a frame for the members. `output` adds an output to it.
    fn enter<'a>(
        &self,
        inputs: &'a [Option<Buffer>],
        scratch: &'a mut [Allocation],
        frame: &mut Frame<'a>,
        mut output: impl FnMut(&Value, &mut Frame<'a>),
    ) {
        let mut scratch = scratch.iter_mut();
        for value in &self.values {
            if value.is_output {
                output(value, frame);
            } else {
                scratch.next().expect("each local value has scratch memory").whole().push_to(frame, 0);
            }
        }
        for member in self.members.iter().chain(&self.rest) {
            member.program().enter(frame, &|input| inputs[member.reads[input]].as_ref(), &[]);
        }
    }

    fn run_blocks(&self, frame: &mut Frame<'_>, blocks: Range<usize>) {
        let each = self.run.div_ceil(self.block);
        let (mut run, mut block) = (blocks.start / each, blocks.start % each);
        for _ in blocks {
            let first = block * self.block;
            frame.row = run * self.run + first;
            let members = if self.run - first >= self.block { &self.members } else { &self.rest };
            members.iter().for_each(|member| member.run(frame));
            block += 1;
            if block == each {
                (run, block) = (run + 1, 0);
            }
        }
    }
}

/// A number of rows, at most `most`, that divides a run if possible.
fn block(run: usize, most: usize) -> usize {
    (most.div_ceil(2)..=most).rev().find(|&block| run.is_multiple_of(block)).unwrap_or(most)
}

impl Kernel for Rows {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        let inputs = &*inputs;
        let mut allocations: SmallVec<[Allocation; 3]> =
            self.outputs().map(|value| Allocation::take(value.dtype, self.rows * value.row)).collect();
        let firsts = || (0..self.blocks()).step_by(self.piece);
        let mut pieces: SmallVec<[(usize, SmallVec<[Part<'_>; 3]>); 1]> =
            firsts().map(|first| (first, SmallVec::new())).collect();
        for (allocation, value) in allocations.iter_mut().zip(self.outputs()) {
            let lengths = firsts().map(|first| (self.row(first + self.piece) - self.row(first)) * value.row);
            for (piece, part) in pieces.iter_mut().zip(allocation.parts(lengths)) {
                piece.1.push(part);
            }
        }
        if pieces.len() == 1 {
            pieces.into_iter().for_each(|(first, parts)| self.run_piece(inputs, first, parts));
        } else {
            pieces.into_vec().into_par_iter().for_each(|(first, parts)| self.run_piece(inputs, first, parts));
        }
        allocations.into_iter().map(Allocation::into_buffer).collect()
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows by {}: ", self.rows, self.block)?;
        for (number, member) in self.members.iter().enumerate() {
            f.write_str(if number > 0 { "; " } else { "" })?;
            match &member.kernel {
                Kind::Map(map) => write!(f, "{map}")?,
                Kind::Reduce(reduce) => write!(f, "{reduce}")?,
            }
        }
        Ok(())
    }
}
