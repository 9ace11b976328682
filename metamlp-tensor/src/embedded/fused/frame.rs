//! What a kernel's instructions work on: registers of one tile's length, the
//! buffers they read, and the part of the outputs that the tile fills.

use std::cell::Cell;
use std::mem::take;

use half::{bf16, f16};
use smallvec::SmallVec;

use crate::dtype::Element;

use super::program::at;
use crate::embedded::slices::loops::{CHUNK, Lanes, Loops};
use crate::embedded::slices::tile::TILE;

/// Where an instruction finds an operand, by number within its element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Register(usize),
    /// A register whose first chunk stands for every element of the tile.
    Same(usize),
    /// A run of a buffer that is read.
    Window(usize),
    /// What has been written to the tile of an output.
    Output(usize),
    /// The same, if the output has memory of its own, else the register.
    Late {
        output: usize,
        register: usize,
    },
}

/// Where an instruction leaves its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Register(usize),
    Output(usize),
    /// The output if it has memory of its own; the register if it takes that
    /// of a buffer which other instructions have yet to read.
    Late {
        output: usize,
        register: usize,
    },
}

/// A buffer that a kernel reads.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a, T> {
    Slice(&'a [T]),
    /// What an output has so far.
    Output(usize),
    /// The elements from the given one on; those that the tiles need are among them.
    Block(&'a [T], usize),
}

/// A buffer that kernels fill, or a part of it.
struct Output<'a, T> {
    elements: &'a mut [T],
    /// The position of the first of them in the whole.
    first: usize,
    /// Where the tile begins in them.
    start: usize,
    /// Whether it has taken over the memory of a source.
    takes_over: bool,
}

/// A tile's elements, the first of which begins a cache line.
#[repr(align(64))]
struct Elements<T>([T; TILE]);

/// One of the registers, none while an instruction writes it.
type Register<T> = Option<Box<Elements<T>>>;

/// One element type's part of a [`Frame`].
pub(crate) struct Bank<'a, T: Element> {
    registers: Vec<Register<T>>,
    pub(crate) sources: SmallVec<[Source<'a, T>; 8]>,
    /// Where the tile begins in each source.
    pub(crate) offsets: SmallVec<[isize; 8]>,
    outputs: SmallVec<[Output<'a, T>; 4]>,
}

impl<'a, T: Loops> Bank<'a, T> {
    #[inline(always)]
    fn new(registers: Vec<Register<T>>) -> Self {
        Self { registers, sources: SmallVec::new(), offsets: SmallVec::new(), outputs: SmallVec::new() }
    }

    /// Lets the source `source` be the old content of the output `output`.
    pub(crate) fn take_over(&mut self, source: usize, output: usize) {
        self.sources[source] = Source::Output(output);
        self.outputs[output].takes_over = true;
    }

    pub(crate) fn reserve(&mut self, registers: usize) {
        while self.registers.len() < registers {
            self.registers.push(Some(Box::new(Elements([T::default(); TILE]))));
        }
    }

    /// Lets the first element of a register stand for every element of the tile.
    pub(crate) fn spread(&mut self, register: usize) {
        if let Some(Elements(elements)) = self.registers[register].as_deref_mut() {
            let first = elements[0];
            elements[..CHUNK].fill(first);
        }
    }

    pub(crate) fn push_source(&mut self, source: Source<'a, T>) {
        self.sources.push(source);
        self.offsets.push(0);
    }

    /// Adds an output; `first` is the position of the first of `elements` in the whole.
    pub(crate) fn push_output(&mut self, elements: &'a mut [T], first: usize) {
        self.outputs.push(Output { elements, first, start: 0, takes_over: false });
    }

    /// Lets the tile of the output begin at this position of the whole.
    pub(crate) fn seek_output(&mut self, number: usize, position: usize) {
        let output = &mut self.outputs[number];
        output.start = position - output.first;
    }

    /// The first elements of a register.
    #[inline]
    fn register(&self, number: usize, length: usize) -> &[T] {
        self.registers[number].as_deref().map_or(&[], |Elements(elements)| &elements[..length])
    }

    /// The tile of an output.
    fn output(&self, number: usize, length: usize) -> &[T] {
        let output = &self.outputs[number];
        &output.elements[output.start..][..length]
    }

    /// Whether the operand is what the output has so far.
    pub(crate) fn is_output(&self, operand: Operand, output: usize) -> bool {
        match operand {
            Operand::Output(i) => i == output,
            Operand::Window(i) => matches!(self.sources[i], Source::Output(i) if i == output),
            _ => false,
        }
    }

    /// The operand as loops take it.
    #[inline]
    pub(crate) fn lanes(&self, operand: Operand, length: usize) -> Lanes<'_, T> {
        match operand {
            Operand::Same(i) => Lanes::same(self.register(i, CHUNK)),
            _ => Lanes::each(self.read(operand, length)),
        }
    }

    /// The operand's elements in the tile; no more than a chunk of equal ones.
    #[inline]
    pub(crate) fn read(&self, operand: Operand, length: usize) -> &[T] {
        match operand {
            Operand::Late { output, .. } if !self.outputs[output].takes_over => self.output(output, length),
            Operand::Register(i) | Operand::Same(i) | Operand::Late { register: i, .. } => {
                self.register(i, length)
            }
            Operand::Output(i) => self.output(i, length),
            Operand::Window(i) => {
                let (slice, offset) = self.source(i);
                &slice[offset.cast_unsigned()..][..length]
            }
        }
    }

    /// A source's elements and where the tile begins in them.
    #[inline]
    pub(crate) fn source(&self, i: usize) -> (&[T], isize) {
        match self.sources[i] {
            Source::Slice(slice) => (slice, self.offsets[i]),
            Source::Output(output) => {
                let Output { elements, first, .. } = &self.outputs[output];
                (elements, self.offsets[i] - first.cast_signed())
            }
            Source::Block(slice, first) => (slice, self.offsets[i] - first.cast_signed()),
        }
    }
}

/// The state of a kernel on one thread. Holds references to the buffers for `'a`.
pub(crate) struct Frame<'a> {
    /// Elements of the tile.
    pub(crate) length: usize,
    /// Entries of the tile's blocked axis.
    pub(crate) entries: usize,
    /// Row-major position of the tile's first element.
    pub(crate) linear: usize,
    /// In a block of rows: its first.
    pub(crate) row: usize,
    /// The row's position on the axes that count rows, where they are several.
    row_index: SmallVec<[usize; 4]>,
    /// The tile's position on the axes up to the blocked one.
    pub(crate) index: SmallVec<[usize; 6]>,
    pub(crate) f32: Bank<'a, f32>,
    pub(crate) f64: Bank<'a, f64>,
    pub(crate) i32: Bank<'a, i32>,
    pub(crate) u32: Bank<'a, u32>,
    pub(crate) bool: Bank<'a, bool>,
    pub(crate) f16: Bank<'a, f16>,
    pub(crate) bf16: Bank<'a, bf16>,
}

/// Registers between kernels.
#[derive(Default)]
struct Registers {
    f32: Vec<Register<f32>>,
    f64: Vec<Register<f64>>,
    i32: Vec<Register<i32>>,
    u32: Vec<Register<u32>>,
    bool: Vec<Register<bool>>,
    f16: Vec<Register<f16>>,
    bf16: Vec<Register<bf16>>,
}

thread_local! {
    static REGISTERS: Cell<Option<Box<Registers>>> = const { Cell::new(None) };
}

impl<'a> Frame<'a> {
    /// Runs `f` with the thread's registers.
    pub(crate) fn with<R>(f: impl FnOnce(&mut Frame<'a>) -> R) -> R {
        let mut registers = REGISTERS.take().unwrap_or_default();
        let mut frame = Frame {
            length: 0,
            entries: 0,
            linear: 0,
            row: 0,
            row_index: SmallVec::new(),
            index: SmallVec::new(),
            f32: Bank::new(take(&mut registers.f32)),
            f64: Bank::new(take(&mut registers.f64)),
            i32: Bank::new(take(&mut registers.i32)),
            u32: Bank::new(take(&mut registers.u32)),
            bool: Bank::new(take(&mut registers.bool)),
            f16: Bank::new(take(&mut registers.f16)),
            bf16: Bank::new(take(&mut registers.bf16)),
        };
        let result = f(&mut frame);
        registers.f32 = frame.f32.registers;
        registers.f64 = frame.f64.registers;
        registers.i32 = frame.i32.registers;
        registers.u32 = frame.u32.registers;
        registers.bool = frame.bool.registers;
        registers.f16 = frame.f16.registers;
        registers.bf16 = frame.bf16.registers;
        REGISTERS.set(Some(registers));
        result
    }

    /// Where the row is on these axes that count rows.
    pub(crate) fn seek_row(&mut self, axes: &[usize]) {
        let mut inner: usize = axes.iter().product();
        self.row_index.clear();
        for extent in axes {
            inner /= extent;
            self.row_index.push(self.row / inner % extent);
        }
    }

    /// Where the row begins, by the steps on the axes that count rows.
    #[inline]
    pub(crate) fn row_offset(&self, steps: &[isize]) -> isize {
        match *steps {
            [] => 0,
            [step] => self.row.cast_signed() * step,
            _ => at(0, steps, &self.row_index),
        }
    }

    /// Copies the register to the output, if that is where the output's elements are.
    pub(crate) fn settle<T: Lane>(&mut self, output: usize, register: usize) {
        let length = self.length;
        let bank = T::bank(self);
        let Output { elements, start, takes_over, .. } = &mut bank.outputs[output];
        if *takes_over {
            let register = bank.registers[register].as_deref().map_or(&[][..], |Elements(register)| register);
            elements[*start..][..length].copy_from_slice(&register[..length]);
        }
    }

    /// Fills `target` from what `f` reads.
    pub(crate) fn write<T: Lane>(&mut self, target: Target, length: usize, f: impl FnOnce(&Self, &mut [T])) {
        let bank = T::bank(self);
        let target = match target {
            Target::Late { output, .. } if !bank.outputs[output].takes_over => Target::Output(output),
            Target::Late { register, .. } => Target::Register(register),
            _ => target,
        };
        match target {
            Target::Register(i) | Target::Late { register: i, .. } => {
                let mut register = bank.registers[i].take();
                if let Some(Elements(elements)) = register.as_deref_mut() {
                    f(self, &mut elements[..length]);
                }
                T::bank(self).registers[i] = register;
            }
            Target::Output(i) => {
                let (elements, start) = (take(&mut bank.outputs[i].elements), bank.outputs[i].start);
                f(self, &mut elements[start..][..length]);
                T::bank(self).outputs[i].elements = elements;
            }
        }
    }

    /// Fills `length` elements of an output from `position` of the whole on, while the frame is in use.
    pub(crate) fn fill<T: Lane>(
        &mut self,
        output: usize,
        position: usize,
        length: usize,
        f: impl FnOnce(&mut Self, &mut [T]),
    ) {
        let Output { elements, first, .. } = &mut T::bank(self).outputs[output];
        let (elements, start) = (take(elements), position - *first);
        f(self, &mut elements[start..][..length]);
        T::bank(self).outputs[output].elements = elements;
    }
}

/// An element type with a bank in every frame.
pub(crate) trait Lane: Loops {
    fn bank<'f, 'a>(frame: &'f mut Frame<'a>) -> &'f mut Bank<'a, Self>;
    fn of<'f, 'a>(frame: &'f Frame<'a>) -> &'f Bank<'a, Self>;
}

macro_rules! lanes {
    ($($name:ident)*) => {$(
        impl Lane for $name {
            fn bank<'f, 'a>(frame: &'f mut Frame<'a>) -> &'f mut Bank<'a, Self> {
                &mut frame.$name
            }
            fn of<'f, 'a>(frame: &'f Frame<'a>) -> &'f Bank<'a, Self> {
                &frame.$name
            }
        }
    )*};
}

lanes!(f32 f64 i32 u32 bool f16 bf16);
