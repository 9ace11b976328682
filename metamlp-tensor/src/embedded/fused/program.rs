//! A fused kernel compiled to instructions. Each value of its body is in a register, in a window of a source buffer, or
//! in an output.

use std::fmt;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::Id;
use crate::memory::buffer::Buffer;
use crate::memory::per_dtype::ByDType;
use crate::shape::Axes;

use super::frame::{Frame, Lane, Operand, Source};
use super::instruction::Instruction;
use crate::embedded::analysis::body::Body;
use crate::embedded::slices::tile::{self, Extents, TILE, Tile, Tiling};
use crate::embedded::slices::view::{Strides, at};

/// A strided view of a source, with its strides on the axes of the program's tiling.
pub(crate) struct Window {
    pub(crate) dtype: DType,
    /// Number among the sources of its dtype.
    pub(crate) number: usize,
    pub(crate) reads: Reads,
    pub(crate) strides: Strides,
    pub(crate) offset: isize,
    /// Strides on the axes that count rows; empty if each run of the program reads the whole buffer.
    pub(crate) row_steps: Strides,
}

/// The buffer of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// One of the program's inputs.
    Input(usize),
    /// An output that a program of the same frame has written: its number among the outputs of its dtype.
    Output(usize),
}

/// A value that the kernel writes to memory.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) id: Id,
    pub(crate) slot: Slot,
    /// The input whose buffer it may reuse.
    pub(crate) in_place: Option<InPlace>,
}

/// An input whose buffer an output may reuse, and the window of that input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InPlace {
    pub(crate) input: usize,
    pub(crate) window: usize,
}

/// The place of an output in a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) dtype: DType,
    /// Number among the outputs of its dtype.
    pub(crate) number: usize,
    /// Elements from one row to the next, for a program that runs on blocks of rows; else 0.
    pub(crate) row_step: usize,
}

/// The sources, registers and outputs of a frame that the programs compiled so far use.
#[derive(Default)]
pub(crate) struct Slots {
    /// Number of sources of each dtype.
    pub(crate) sources: ByDType<usize>,
    /// Number of registers of each dtype.
    pub(crate) registers: ByDType<usize>,
    outputs: FxHashMap<Id, Slot>,
    /// Number of outputs of each dtype.
    counts: ByDType<usize>,
}

impl Slots {
    /// Adds an output.
    pub(crate) fn push(&mut self, id: Id, dtype: DType, row_step: usize) {
        let number = self.counts[dtype];
        self.counts[dtype] += 1;
        self.outputs.insert(id, Slot { dtype, number, row_step });
    }

    /// The slot of `id`, if a program of this frame writes it.
    pub(crate) fn output(&self, id: Id) -> Option<Slot> {
        self.outputs.get(&id).copied()
    }
}

/// Instructions to run on every tile.
pub(crate) struct Program {
    /// The axes that count rows, for a program that runs on blocks of rows.
    pub(super) rows: Axes,
    pub(crate) tiling: Tiling,
    /// The tile, if there is only one.
    pub(super) only: Option<Tile>,
    /// The nodes whose buffers are read.
    pub(crate) inputs: SmallVec<[Id; 4]>,
    pub(crate) outputs: SmallVec<[Output; 3]>,
    /// The operand of the reduction that the kernel ends in.
    pub(crate) result: Option<(DType, Operand)>,
    pub(crate) windows: SmallVec<[Window; 4]>,
    /// Registers of each dtype, including those of the earlier programs of the frame.
    pub(crate) registers: ByDType<usize>,
    /// Instructions whose results are the same in every tile: they run once.
    pub(crate) prologue: Vec<Instruction>,
    pub(crate) instructions: Vec<Instruction>,
}

/// The axes of a body's iteration space, in the order in which a program walks them.
pub(crate) struct Order {
    /// Axes of the iteration space.
    pub(crate) axes: SmallVec<[usize; 6]>,
    /// The group of each axis. Axes of different groups are not merged.
    pub(crate) groups: SmallVec<[u8; 6]>,
}

impl Order {
    /// The order of the body, in one group.
    pub(crate) fn natural(rank: usize) -> Self {
        Self { axes: (0..rank).collect(), groups: SmallVec::from_elem(0, rank) }
    }
}

/// An iteration space with as many axes merged as the loads allow.
pub(crate) struct Merged {
    pub(crate) extents: Extents,
    pub(crate) groups: SmallVec<[u8; 6]>,
    pub(super) strides: Vec<Strides>,
}

/// The invariant of merging.
const JOINS: &str = "an axis only joins an axis before it";

impl Merged {
    /// Merges neighbouring axes of a group that all loads of `body` walk as one.
    pub(crate) fn new(body: &Body, order: &Order) -> Self {
        let mut merged = Self {
            extents: Extents::new(),
            groups: SmallVec::new(),
            strides: vec![Strides::new(); body.loads.len()],
        };
        for (&axis, &group) in order.axes.iter().zip(&order.groups) {
            let extent = body.space[axis];
            let joins = merged.groups.last() == Some(&group)
                && body.loads.iter().zip(&merged.strides).all(|(load, strides)| {
                    strides.last().is_some_and(|&s| s == load.strides[axis] * extent.cast_signed())
                });
            if joins {
                *merged.extents.last_mut().expect(JOINS) *= extent;
                for (load, strides) in body.loads.iter().zip(&mut merged.strides) {
                    *strides.last_mut().expect(JOINS) = load.strides[axis];
                }
            } else {
                merged.extents.push(extent);
                merged.groups.push(group);
                for (load, strides) in body.loads.iter().zip(&mut merged.strides) {
                    strides.push(load.strides[axis]);
                }
            }
        }
        if merged.extents.is_empty() {
            merged.extents.push(1);
            merged.groups.push(0);
            // A single element counts as contiguous.
            for strides in &mut merged.strides {
                strides.push(1);
            }
        }
        merged
    }

    /// The tiles of a program of so many instructions.
    pub(crate) fn tiling(&self, steps: usize) -> Tiling {
        let is_run = |axis: usize| {
            let extent = self.extents[axis + 1].cast_signed();
            self.strides.iter().all(|strides| strides[axis] == strides[axis + 1] * extent)
        };
        Tiling::new(self.extents.clone(), tile::longest(steps), is_run)
    }

    /// One tile for the whole space.
    pub(crate) fn one_tile(&self) -> Tiling {
        Tiling::new(self.extents.clone(), TILE, |_| true)
    }
}

impl Program {
    /// Prepares a frame for the program's tiles: adds sources and registers and runs the prologue. The frame has its
    /// outputs already. `input` gives the inputs by number; it gives `None` for an input whose buffer an output reuses.
    pub(crate) fn enter<'a>(
        &self,
        frame: &mut Frame<'a>,
        input: &dyn Fn(usize) -> Option<&'a Buffer>,
        replaced: &[InPlaceOutput],
    ) {
        for window in &self.windows {
            for_dtype!(window.dtype, T => {
                let source = match window.reads {
                    Reads::Input(number) => {
                        Source::Slice(input(number).map_or(&[], Buffer::elements::<T>))
                    }
                    Reads::Output(number) => Source::Output(number),
                };
                T::bank(frame).push_source(source);
            });
        }
        for replaced in replaced {
            let window = &self.windows[replaced.window];
            for_dtype!(window.dtype, T => {
                T::bank(frame).take_over(window.number, replaced.output);
            });
        }
        frame.reserve(&self.registers);
        if !self.prologue.is_empty() {
            frame.length = self.tiling.length();
            frame.entries = self.tiling.block;
            self.seek_windows(frame, &SmallVec::from_elem(0, self.tiling.split + 1));
            for instruction in &self.prologue {
                instruction(frame);
            }
        }
    }

    /// Runs the program on the tile of this number and returns the tile's length.
    #[inline]
    pub(crate) fn run_tile(&self, frame: &mut Frame<'_>, number: usize) -> usize {
        match &self.only {
            Some(tile) => {
                self.run(frame, tile);
                tile.length
            }
            None => {
                let tile = self.tiling.tile(number);
                self.run(frame, &tile);
                tile.length
            }
        }
    }

    /// Runs the program on a tile.
    pub(crate) fn run(&self, frame: &mut Frame<'_>, tile: &Tile) {
        frame.length = tile.length;
        frame.entries = tile.entries;
        frame.linear = tile.linear;
        self.seek_windows(frame, &tile.index);
        for Output { slot, .. } in &self.outputs {
            let position = tile.linear + frame.row * slot.row_step;
            for_dtype!(slot.dtype, T => T::bank(frame).seek_output(slot.number, position));
        }
        for instruction in &self.instructions {
            instruction(frame);
        }
    }

    /// Moves the windows to the tile at `index`.
    fn seek_windows(&self, frame: &mut Frame<'_>, index: &SmallVec<[usize; 6]>) {
        match (&mut frame.index[..], &index[..]) {
            // Fast path for one axis: no memcpy.
            ([own], &[only]) => *own = only,
            (own, index) if own.len() == index.len() => own.copy_from_slice(index),
            _ => frame.index = SmallVec::from_slice(index),
        }
        if self.rows.len() > 1 {
            frame.seek_row(&self.rows);
        }
        for window in &self.windows {
            let start = window.offset + frame.row_offset(&window.row_steps);
            let offset = at(start, &window.strides, index);
            for_dtype!(window.dtype, T => T::bank(frame).offsets[window.number] = offset);
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outputs = self.outputs.len() + usize::from(self.result.is_some());
        write!(
            f,
            "{:?}: {} instructions, {} in, {outputs} out",
            &self.tiling.extents[..],
            self.instructions.len(),
            self.inputs.len(),
        )
    }
}

/// An output that reuses the buffer of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InPlaceOutput {
    pub(crate) window: usize,
    /// Number among the outputs of its dtype.
    pub(crate) output: usize,
}

impl InPlace {
    pub(crate) fn output(self, output: usize) -> InPlaceOutput {
        InPlaceOutput { window: self.window, output }
    }
}
