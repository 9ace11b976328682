//! Kernels that share rows, such as those of a softmax or a normalisation: all
//! of them run on one block of rows, then on the next. A block stays in the
//! cache from the first kernel to the last, so that memory is read once and
//! written once, and what only they need never exists as a whole.

use std::fmt;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::graph::{Graph, Id};

use super::allocation::{Allocation, Elements, Part};
use super::body::Body;
use super::map::{Map, PARALLEL_COST};
use super::reduce::Reduce;

/// Elements of a block, about; few in tests, so that small programs have several blocks.
const BLOCK: usize = if cfg!(test) { 64 } else { 1 << 14 };
/// Additions of a thread's piece of work.
const PIECE_COST: usize = 1 << 17;

/// Fused kernels over blocks of rows.
pub(super) struct Rows {
    rows: usize,
    /// Rows of a block.
    block: usize,
    members: Vec<Member>,
    /// For the last block, if it has fewer rows.
    rest: Vec<Member>,
    values: Vec<Value>,
    /// Blocks that a thread takes at once; all of them if threads do not pay.
    piece: usize,
}

struct Member {
    kernel: Kernel,
    reads: SmallVec<[Origin; 4]>,
    /// The values that it makes.
    makes: SmallVec<[usize; 3]>,
}

enum Kernel {
    Map(Map),
    Reduce(Reduce),
}

#[derive(Clone, Copy)]
enum Origin {
    Input(usize),
    Value(usize),
}

/// Something that a member makes.
struct Value {
    id: Id,
    dtype: DType,
    /// Elements of a row.
    row: usize,
    /// Whether others than the members need it.
    is_output: bool,
}

/// What a thread keeps of one block.
type Scratch = SmallVec<[Allocation; 8]>;

impl Rows {
    /// The kernels of `bodies`, which a [`RowGroup`](super::row_group::RowGroup) has cut into `rows` rows, and the
    /// buffers that they read.
    pub(super) fn new(
        graph: &Graph,
        bodies: &[Body],
        rows: usize,
        is_output: &dyn Fn(Id) -> bool,
    ) -> (Self, SmallVec<[Id; 4]>) {
        let values: Vec<Value> = bodies
            .iter()
            .flat_map(Body::writes)
            .map(|id| {
                let ty = &graph.node(id).ty;
                Value { id, dtype: ty.dtype, row: ty.shape.size() / rows, is_output: is_output(id) }
            })
            .collect();
        let size = |body: &Body| body.space.iter().product::<usize>();
        let longest = bodies.iter().map(size).max().unwrap_or(1) / rows;
        let block = block(rows, (BLOCK / longest.max(1)).clamp(1, rows));
        let mut reads: SmallVec<[Id; 4]> = SmallVec::new();
        let mut compile = |block: usize| -> Vec<Member> {
            let members = bodies.iter().filter_map(|body| {
                let number = |id: Id| values.iter().position(|value| value.id == id);
                let body = body.block(body.row_axes(rows)?, block, |id| number(id).is_some());
                let kernel = match Reduce::new(graph, &body) {
                    Some(reduce) => Kernel::Reduce(reduce),
                    None => Kernel::Map(Map::new(graph, &body, &|_| false)),
                };
                let inputs = match &kernel {
                    Kernel::Map(map) => &map.program.inputs,
                    Kernel::Reduce(reduce) => &reduce.program.inputs,
                };
                let mut origin = |id: Id| match (number(id), reads.iter().position(|&read| read == id)) {
                    (Some(value), _) => Origin::Value(value),
                    (None, Some(input)) => Origin::Input(input),
                    (None, None) => {
                        reads.push(id);
                        Origin::Input(reads.len() - 1)
                    }
                };
                let reads = inputs.iter().map(|&id| origin(id)).collect();
                Some(Member { kernel, reads, makes: body.writes().filter_map(number).collect() })
            });
            members.collect()
        };
        let members = compile(block);
        let rest = if rows.is_multiple_of(block) { Vec::new() } else { compile(rows % block) };
        let cost: usize = bodies.iter().map(|body| size(body).saturating_mul(body.cost as usize)).sum();
        let blocks = rows.div_ceil(block);
        let piece = if cost < PARALLEL_COST { blocks } else { (PIECE_COST / (cost / blocks)).max(1) };
        (Self { rows, block, members, rest, values, piece }, reads)
    }

    /// What others than the members need.
    pub(super) fn writes(&self) -> impl Iterator<Item = Id> {
        self.outputs().map(|value| value.id)
    }

    fn outputs(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(|value| value.is_output)
    }

    /// The outputs, from buffers in the order of the reads.
    pub(super) fn run(&self, inputs: &[Option<Buffer>]) -> SmallVec<[Buffer; 3]> {
        let mut allocations: SmallVec<[Allocation; 3]> =
            self.outputs().map(|value| Allocation::take(value.dtype, self.rows * value.row)).collect();
        let firsts = || (0..self.rows).step_by(self.block);
        let mut blocks: Vec<(usize, SmallVec<[Part<'_>; 3]>)> =
            firsts().map(|first| (first, SmallVec::new())).collect();
        for (allocation, value) in allocations.iter_mut().zip(self.outputs()) {
            let lengths = firsts().map(|first| self.block.min(self.rows - first) * value.row);
            for (block, part) in blocks.iter_mut().zip(allocation.parts(lengths)) {
                block.1.push(part);
            }
        }
        if blocks.len() <= self.piece {
            let mut scratch = self.scratch();
            blocks.into_iter().for_each(|(first, parts)| self.run_block(inputs, first, parts, &mut scratch));
        } else {
            let blocks = blocks.into_par_iter().with_min_len(self.piece);
            blocks.for_each_init(
                || self.scratch(),
                |scratch, (first, parts)| self.run_block(inputs, first, parts, scratch),
            );
        }
        allocations.into_iter().map(Allocation::into_buffer).collect()
    }

    fn scratch(&self) -> Scratch {
        let inner = self.values.iter().filter(|value| !value.is_output);
        inner.map(|value| Allocation::take(value.dtype, self.block * value.row)).collect()
    }

    fn run_block(
        &self,
        inputs: &[Option<Buffer>],
        first: usize,
        parts: SmallVec<[Part<'_>; 3]>,
        scratch: &mut [Allocation],
    ) {
        let members = if self.rows - first < self.block { &self.rest } else { &self.members };
        let (mut parts, mut scratch) = (parts.into_iter(), scratch.iter_mut());
        let mut values: SmallVec<[Option<Part<'_>>; 8]> = SmallVec::new();
        for value in &self.values {
            values.push(if value.is_output { parts.next() } else { scratch.next().map(Allocation::whole) });
        }
        for member in members {
            let mut made: SmallVec<[Part<'_>; 3]> =
                member.makes.iter().filter_map(|&value| values[value].take()).collect();
            let read = |origin: &Origin| match *origin {
                Origin::Input(input) => Elements::of(&inputs[input]),
                Origin::Value(value) => values[value].as_ref().map_or(Elements::None, Elements::Part),
            };
            let reads: SmallVec<[Elements<'_>; 4]> = member.reads.iter().map(read).collect();
            match &member.kernel {
                Kernel::Map(map) => map.run_block(&reads, first, made.iter_mut().map(Part::lend)),
                Kernel::Reduce(reduce) => {
                    made.iter_mut().for_each(|part| reduce.run_block(&reads, first, part));
                }
            }
            drop(reads);
            for (&value, part) in member.makes.iter().zip(made) {
                values[value] = Some(part);
            }
        }
    }
}

/// A number of rows up to `most`, if possible one that leaves no smaller block at the end.
fn block(rows: usize, most: usize) -> usize {
    (most.div_ceil(2)..=most).rev().find(|&block| rows.is_multiple_of(block)).unwrap_or(most)
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows by {}: ", self.rows, self.block)?;
        for (number, member) in self.members.iter().enumerate() {
            f.write_str(if number > 0 { "; " } else { "" })?;
            match &member.kernel {
                Kernel::Map(map) => write!(f, "{map}")?,
                Kernel::Reduce(reduce) => write!(f, "{reduce}")?,
            }
        }
        Ok(())
    }
}
