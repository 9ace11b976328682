//! A fused kernel compiled to instructions on registers: every value of its
//! body gets a register, a window of a buffer, or its place in the output.

use std::fmt;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;
use crate::shape::Axes;

use super::compiler::Compiler;
use super::formulas;
use super::frame::{Frame, Lane, Operand, Source};
use super::instruction::Instruction;
use crate::embedded::analysis::body::Body;
use crate::embedded::slices::tile::{self, Extents, TILE, Tile, Tiling};
use crate::embedded::slices::view::Strides;

/// A window with its strides on the axes of the program's tiling.
pub(crate) struct Window {
    pub(crate) dtype: DType,
    /// Its number among the sources of its dtype.
    pub(crate) number: usize,
    pub(crate) reads: Reads,
    pub(crate) strides: Strides,
    pub(crate) offset: isize,
    /// On the axes that count rows, where a block of rows is less than the buffer's.
    pub(crate) row_steps: Strides,
}

/// What a window is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// One of the program's inputs.
    Input(usize),
    /// What a program of the same frame has filled: its number among those of its dtype.
    Output(usize),
}

/// Something that the kernel writes.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) id: Id,
    pub(crate) slot: Slot,
    /// The input whose buffer it may take over, and that input's window.
    pub(crate) in_place: Option<InPlace>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InPlace {
    pub(crate) input: usize,
    pub(crate) window: usize,
}

/// An output's place in a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) dtype: DType,
    /// Its number among the outputs of its dtype.
    pub(crate) number: usize,
    /// From a row to the next, where a program runs on one block of rows after the other.
    pub(crate) row_step: usize,
}

/// What the programs of one frame have in it so far.
#[derive(Default)]
pub(crate) struct Slots {
    /// Of each element type.
    pub(crate) sources: [usize; 7],
    pub(crate) registers: [usize; 7],
    outputs: SmallVec<[(Id, Slot); 4]>,
}

impl Slots {
    /// Adds an output.
    pub(crate) fn push(&mut self, id: Id, dtype: DType, row_step: usize) {
        let number = self.outputs.iter().filter(|(_, slot)| slot.dtype == dtype).count();
        self.outputs.push((id, Slot { dtype, number, row_step }));
    }

    /// Where `id` is, if it is filled in this frame.
    pub(crate) fn output(&self, id: Id) -> Option<Slot> {
        self.outputs.iter().find(|(output, _)| *output == id).map(|&(_, slot)| slot)
    }
}

/// Instructions to run on every tile.
pub(crate) struct Program {
    /// The axes that count the rows of which a run of the program takes a block.
    rows: Axes,
    pub(crate) tiling: Tiling,
    /// The only tile, if there is no more than one.
    only: Option<Tile>,
    /// The buffers that are read.
    pub(crate) inputs: SmallVec<[Id; 4]>,
    pub(crate) outputs: SmallVec<[Output; 3]>,
    /// What a reduction takes.
    pub(crate) result: Option<(DType, Operand)>,
    pub(crate) windows: SmallVec<[Window; 4]>,
    /// Registers of each element type, with those of the programs before it in the frame.
    pub(crate) registers: [usize; 7],
    /// What is the same in every tile.
    pub(crate) prologue: Vec<Instruction>,
    pub(crate) instructions: Vec<Instruction>,
}

/// The axes of a body's space, in the order in which a program walks them.
pub(crate) struct Order {
    /// Axes of the space.
    pub(crate) axes: SmallVec<[usize; 6]>,
    /// Axes of different groups are not merged.
    pub(crate) groups: SmallVec<[u8; 6]>,
}

impl Order {
    /// As they are.
    pub(crate) fn natural(rank: usize) -> Self {
        Self { axes: (0..rank).collect(), groups: SmallVec::from_elem(0, rank) }
    }
}

/// Extents and groups after merging.
pub(crate) struct Merged {
    pub(crate) extents: Extents,
    pub(crate) groups: SmallVec<[u8; 6]>,
    strides: Vec<Strides>,
}

impl Merged {
    /// The fewest axes that the windows of `body` can be walked by.
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
            if let (true, Some(last)) = (joins, merged.extents.last_mut()) {
                *last *= extent;
                for (load, strides) in body.loads.iter().zip(&mut merged.strides) {
                    if let Some(stride) = strides.last_mut() {
                        *stride = load.strides[axis];
                    }
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
            // One element is a run of neighbours.
            for strides in &mut merged.strides {
                strides.push(1);
            }
        }
        merged
    }

    /// The tiles of a program of so many steps.
    pub(crate) fn tiling(&self, steps: usize) -> Tiling {
        let is_run = |axis: usize| {
            let extent = self.extents[axis + 1].cast_signed();
            self.strides.iter().all(|strides| strides[axis] == strides[axis + 1] * extent)
        };
        Tiling::new(self.extents.clone(), tile::longest(steps), is_run)
    }

    /// All of the space in a tile.
    pub(crate) fn one_tile(&self) -> Tiling {
        Tiling::new(self.extents.clone(), TILE, |_| true)
    }
}

impl Program {
    /// The frame has the outputs of `body` already. `dies` tells of the
    /// buffers that nobody reads after this kernel.
    pub(crate) fn new(
        graph: &Graph,
        body: &Body,
        merged: Merged,
        slots: &mut Slots,
        dies: &dyn Fn(Id) -> bool,
    ) -> Self {
        let jobs = formulas::jobs(graph, body);
        let tiling = if body.folds.is_empty() { merged.tiling(jobs.len()) } else { merged.one_tile() };
        let only = (tiling.count == 1).then(|| tiling.tile(0));
        let mut program = Self {
            rows: body.rows.clone(),
            tiling,
            only,
            inputs: SmallVec::new(),
            outputs: SmallVec::new(),
            result: None,
            windows: SmallVec::new(),
            registers: slots.registers,
            prologue: Vec::new(),
            instructions: Vec::new(),
        };
        let outputs = body.stored.iter().filter_map(|&id| Some((id, slots.output(id)?)));
        program.outputs = outputs.map(|(id, slot)| Output { id, slot, in_place: None }).collect();
        let program = Compiler::new(graph, body, program, merged.strides).compile(&jobs, slots, dies);
        slots.registers = program.registers;
        program
    }

    /// Prepares a frame for the program's tiles: sources, registers and what
    /// is the same everywhere. The frame has its outputs already; `input`
    /// gives the inputs by number, but for those that outputs have replaced.
    pub(crate) fn enter<'a>(
        &self,
        frame: &mut Frame<'a>,
        input: impl Fn(usize) -> Option<&'a Buffer>,
        replaced: &[InPlaceOutput],
    ) {
        for window in &self.windows {
            for_dtype!(window.dtype, T => {
                let source = match window.reads {
                    Reads::Input(number) => {
                        Source::Slice(input(number).and_then(Buffer::as_slice::<T>).unwrap_or(&[]))
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
        let [f32, f64, i32, u32, bool, f16, bf16] = self.registers;
        frame.f32.reserve(f32);
        frame.f64.reserve(f64);
        frame.i32.reserve(i32);
        frame.u32.reserve(u32);
        frame.bool.reserve(bool);
        frame.f16.reserve(f16);
        frame.bf16.reserve(bf16);
        if !self.prologue.is_empty() {
            frame.length = self.tiling.length();
            frame.entries = self.tiling.block;
            self.seek_windows(frame, &SmallVec::from_elem(0, self.tiling.split + 1));
            for instruction in &self.prologue {
                instruction(frame);
            }
        }
    }

    /// Runs the program on the tile of this number; gives its length.
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

    fn seek_windows(&self, frame: &mut Frame<'_>, index: &SmallVec<[usize; 6]>) {
        match (&mut frame.index[..], &index[..]) {
            // The commonest of all, without a call.
            ([own], &[only]) => *own = only,
            (own, index) if own.len() == index.len() => own.copy_from_slice(index),
            _ => frame.index.clone_from(index),
        }
        if self.rows.len() > 1 {
            frame.seek_row(&self.rows);
        }
        for window in &self.windows {
            let start = window.offset + frame.row_offset(&window.row_steps);
            let offset = at(start, &window.strides, index);
            match window.dtype {
                DType::Bool => frame.bool.offsets[window.number] = offset,
                DType::I32 => frame.i32.offsets[window.number] = offset,
                DType::U32 => frame.u32.offsets[window.number] = offset,
                DType::F16 => frame.f16.offsets[window.number] = offset,
                DType::BF16 => frame.bf16.offsets[window.number] = offset,
                DType::F32 => frame.f32.offsets[window.number] = offset,
                DType::F64 => frame.f64.offsets[window.number] = offset,
            }
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

/// An output that has taken the place of a window's buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InPlaceOutput {
    pub(crate) window: usize,
    /// Its number among the outputs of its dtype.
    pub(crate) output: usize,
}

impl InPlace {
    pub(crate) fn output(self, output: usize) -> InPlaceOutput {
        InPlaceOutput { window: self.window, output }
    }
}

/// An offset on from `offset`.
pub(crate) fn at(offset: isize, strides: &[isize], index: &[usize]) -> isize {
    offset + index.iter().zip(strides).map(|(&i, &stride)| i.cast_signed() * stride).sum::<isize>()
}

/// The number of a dtype's bank.
pub(crate) fn bank(dtype: DType) -> usize {
    match dtype {
        DType::F32 => 0,
        DType::F64 => 1,
        DType::I32 => 2,
        DType::U32 => 3,
        DType::Bool => 4,
        DType::F16 => 5,
        DType::BF16 => 6,
    }
}
