//! Kernels that end in a reduction. The result of the program is reduced tile by tile, so that the operand of the
//! reduction is never stored as a whole.
//!
//! The iteration space is walked as [outer kept axes, reduced axes, inner kept axes]. A tile is reduced first, then the
//! tiles of a run in order, then the runs pairwise.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use smallvec::smallvec;

use crate::dtype::DType;
use crate::graph::Graph;
use crate::graph::op::{Op, Reduction};
use crate::memory::buffer::{Buffer, Storage};

use super::frame::{Frame, Lane, Operand};
use super::program::{Merged, Order, Program, Slot, Slots};
use crate::embedded::analysis::body::Body;
use crate::embedded::kernel::{Kernel, Outputs};
use crate::embedded::slices::folds::Folds;
use crate::embedded::slices::parallel::PARALLEL_COST;

const OUTER: u8 = 0;
const REDUCED: u8 = 1;
const INNER: u8 = 2;

/// Cost in additions of a piece of work.
const PIECE_COST: usize = 1 << 16;
/// Elements of a run of tiles, if a reduction is split into runs.
const RUN: usize = 1 << 15;

/// The part of the reduced axes that a tile covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of the reduced axes, for some elements of the result.
    Whole,
    /// Some whole rows of the reduced axes.
    Rows,
    /// A part of one row, for some of the inner elements.
    Part,
}

/// A fused reduction.
pub(crate) struct Reduce {
    pub(crate) program: Program,
    dtype: DType,
    /// The place of the result, for a kernel that is one of several in a frame.
    slot: Option<Slot>,
    kind: Reduction,
    operand: Operand,
    extent: Extent,
    /// Extents of the reduced axes and of the inner kept axes.
    reduced: usize,
    inner: usize,
    /// Elements of the result.
    size: usize,
    /// Independent parts of the result, and the number of tiles of each.
    units: usize,
    tiles: usize,
    /// Difference of the numbers of consecutive tiles of a unit.
    step: usize,
    /// Tiles of a run, and runs of a unit.
    run: usize,
    runs: usize,
    /// Runs of a piece of work.
    piece: usize,
}

impl Reduce {
    pub(crate) fn new(graph: &Graph, body: &Body) -> Option<Self> {
        Self::within(graph, body, &mut Slots::default())
    }

    /// One of several kernels in a frame, which has the output already. `None` if the body ends in no reduction.
    pub(crate) fn within(graph: &Graph, body: &Body, slots: &mut Slots) -> Option<Self> {
        let (id, _) = body.reduced?;
        let node = graph.node(id);
        let Op::Reduce { kind, .. } = &node.op else { unreachable!("a body ends in a reduction or in none") };
        let is_reduced = &body.is_reduced;
        let last = is_reduced.iter().rposition(|&reduced| reduced)?;
        let group = |axis: usize| match is_reduced[axis] {
            true => REDUCED,
            false if axis < last => OUTER,
            false => INNER,
        };
        let mut order = Order::natural(is_reduced.len());
        order.axes.sort_by_key(|&axis| group(axis));
        order.groups = order.axes.iter().map(|&axis| group(axis)).collect();
        let merged = Merged::new(body, &order);
        let groups = merged.groups.clone();
        let extent_of = |wanted: u8| -> usize {
            order.axes.iter().filter(|&&axis| group(axis) == wanted).map(|&axis| body.space[axis]).product()
        };
        let (outer, reduced, inner) = (extent_of(OUTER), extent_of(REDUCED), extent_of(INNER));
        let program = Program::new(graph, body, merged, slots, &|_| false);
        let (_, operand) = program.result.expect("a body that ends in a reduction has its operand");
        let tiling = &program.tiling;
        let before = |wanted: u8| -> usize {
            (0..tiling.split)
                .filter(|&axis| groups[axis] == wanted)
                .map(|axis| tiling.extents[axis])
                .product()
        };
        let (extent, units, tiles, step) = match groups[tiling.split] {
            OUTER => (Extent::Whole, tiling.count, 1, 1),
            REDUCED => (Extent::Rows, outer, before(REDUCED) * tiling.blocks, 1),
            _ => {
                let across = before(INNER) * tiling.blocks;
                (Extent::Part, outer * across, reduced, across)
            }
        };
        // Depends on extents only, so that the number of threads changes no bit.
        let longest = (RUN / tiling.length().max(1)).max(1);
        let is_split = body.rows.is_empty() && tiles > 2 * longest && (units < 64 || tiles > 64 * longest);
        let run = if is_split { longest } else { tiles.max(1) };
        let runs = tiles.div_ceil(run).max(1);
        let per_element = body.cost as usize + 1;
        let cost = (outer * reduced * inner).saturating_mul(per_element);
        let piece = if cost < PARALLEL_COST {
            units * runs
        } else {
            PIECE_COST / (tiling.length() * run).saturating_mul(per_element)
        };
        Some(Self {
            dtype: node.ty.dtype,
            slot: slots.output(id),
            kind: *kind,
            operand,
            extent,
            reduced,
            inner,
            size: outer * inner,
            units,
            tiles,
            step,
            run,
            runs,
            piece: piece.max(1),
            program,
        })
    }

    /// Computes the result for the current block of rows of the frame, which the program has entered.
    pub(crate) fn run_block(&self, frame: &mut Frame<'_>) {
        let slot = self.slot.expect("the frame of several kernels has the output of each");
        let position = frame.row * slot.row_step;
        for_dtype!(self.dtype, T => {
            frame.fill(slot.number, position, self.size, |frame, results: &mut [T]| {
                self.fold_runs(frame, 0..self.units, results);
            });
        });
    }

    fn reduce<T: Lane + Folds>(&self, inputs: &[Option<Buffer>]) -> Storage<T> {
        let mut result = T::pool().take(self.size);
        if self.program.tiling.count == 0 {
            result.fill(T::start(self.kind));
            return result;
        }
        if self.runs == 1 {
            self.fold(inputs, &mut result);
            return result;
        }
        let mut runs = T::pool().take(self.size * self.runs);
        self.fold(inputs, &mut runs);
        let (mut from, mut to) = (&mut runs[..], &mut result[..]);
        for unit in 0..self.units {
            let length = self.unit_length(unit);
            let (now, later) = std::mem::take(&mut from).split_at_mut(length * self.runs);
            self.combine(now, length);
            from = later;
            let (place, later) = std::mem::take(&mut to).split_at_mut(length);
            place.copy_from_slice(&now[..length]);
            to = later;
        }
        result
    }

    /// Reduces all rows of `runs` to the first one, pairwise.
    fn combine<T: Folds>(&self, runs: &mut [T], length: usize) {
        let mut rows = self.runs;
        while rows > 1 {
            let half = rows.div_ceil(2);
            let (low, high) = runs[..rows * length].split_at_mut(half * length);
            for (sums, x) in low.chunks_exact_mut(length).zip(high.chunks_exact(length)) {
                T::vertical(self.kind, sums, x);
            }
            rows = half;
        }
    }

    /// Computes the results of all runs, in order.
    fn fold<T: Lane + Folds>(&self, inputs: &[Option<Buffer>], results: &mut [T]) {
        let count = self.units * self.runs;
        if count <= self.piece {
            self.enter_and_fold(inputs, 0..count, results);
            return;
        }
        let mut pieces: Vec<(usize, &mut [T])> = Vec::with_capacity(count.div_ceil(self.piece));
        let mut rest = results;
        for first in (0..count).step_by(self.piece) {
            let last = (first + self.piece).min(count);
            let length = (first..last).map(|run| self.unit_length(run / self.runs)).sum();
            let (now, later) = std::mem::take(&mut rest).split_at_mut(length);
            pieces.push((first, now));
            rest = later;
        }
        pieces.into_par_iter().for_each(|(first, results)| {
            self.enter_and_fold(inputs, first..(first + self.piece).min(count), results);
        });
    }

    fn enter_and_fold<T: Lane + Folds>(
        &self,
        inputs: &[Option<Buffer>],
        runs: Range<usize>,
        results: &mut [T],
    ) {
        Frame::with(|frame| {
            self.program.enter(frame, &|input| inputs[input].as_ref(), &[]);
            self.fold_runs(frame, runs, results);
        });
    }

    fn fold_runs<T: Lane + Folds>(&self, frame: &mut Frame<'_>, runs: Range<usize>, results: &mut [T]) {
        let mut rest = results;
        let mut sums = T::pool().take(if self.extent == Extent::Rows { self.inner } else { 0 });
        for number in runs {
            let (unit, run) = (number / self.runs, number % self.runs);
            let (result, later) = std::mem::take(&mut rest).split_at_mut(self.unit_length(unit));
            rest = later;
            result.fill(T::start(self.kind));
            let begin = match self.extent {
                Extent::Part => unit / self.step * self.tiles * self.step + unit % self.step,
                _ => unit * self.tiles,
            };
            for tile in run * self.run..((run + 1) * self.run).min(self.tiles) {
                let length = self.program.run_tile(frame, begin + tile * self.step);
                let x = T::of(frame).read(self.operand, length);
                self.fold_tile(x, &mut sums, result);
            }
        }
    }

    #[inline]
    fn fold_tile<T: Folds>(&self, x: &[T], sums: &mut [T], result: &mut [T]) {
        match self.extent {
            Extent::Part => T::vertical(self.kind, result, x),
            Extent::Rows if self.inner == 1 => {
                result[0] = result[0].reduce(self.kind, T::horizontal(self.kind, x));
            }
            Extent::Rows if x.len() == self.inner => T::vertical(self.kind, result, x),
            Extent::Rows => {
                sums.fill(T::start(self.kind));
                T::vertical(self.kind, sums, x);
                T::vertical(self.kind, result, sums);
            }
            Extent::Whole if self.inner == 1 => {
                for (result, row) in result.iter_mut().zip(x.chunks_exact(self.reduced)) {
                    *result = T::horizontal(self.kind, row);
                }
            }
            Extent::Whole => {
                let rows = x.chunks_exact(self.reduced * self.inner);
                for (result, rows) in result.chunks_exact_mut(self.inner).zip(rows) {
                    T::vertical(self.kind, result, rows);
                }
            }
        }
    }

    /// Elements of the result of a unit.
    fn unit_length(&self, unit: usize) -> usize {
        let tiling = &self.program.tiling;
        match self.extent {
            Extent::Whole => (tiling.linear(unit + 1) - tiling.linear(unit)) / self.reduced,
            Extent::Rows => self.inner,
            Extent::Part => tiling.linear(unit % self.step + 1) - tiling.linear(unit % self.step),
        }
    }
}

impl Kernel for Reduce {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        smallvec![for_dtype!(self.dtype, T => Buffer::from_vec(self.reduce::<T>(inputs)))]
    }
}

impl fmt::Display for Reduce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reduce {}", self.program)
    }
}
