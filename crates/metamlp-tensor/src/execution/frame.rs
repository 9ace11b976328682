//! What a kernel's instructions work on: registers of one tile's length, the
//! buffers they read, and the part of the outputs that the tile fills.

use std::cell::RefCell;
use std::mem::take;

use half::{bf16, f16};
use smallvec::SmallVec;

use crate::buffer::Storage;
use crate::dtype::Element;

use super::loops::{CHUNK, Lanes, Loops};
use super::tile::TILE;

/// Where an instruction finds an operand, by number within its element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
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
pub(super) enum Target {
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
pub(super) enum Source<'a, T> {
    Slice(&'a [T]),
    /// The old content of an output, which takes its place.
    InPlace(usize),
    /// The elements from the given one on; those that the tiles need are among them.
    Block(&'a [T], usize),
}

/// One element type's part of a [`Frame`].
pub(super) struct Bank<'a, T: Element> {
    registers: Vec<Storage<T>>,
    pub(super) sources: SmallVec<[Source<'a, T>; 4]>,
    /// Where the tile begins in each source.
    pub(super) offsets: SmallVec<[isize; 4]>,
    /// The tile of each output, and what follows it.
    outputs: SmallVec<[&'a mut [T]; 2]>,
    rests: SmallVec<[&'a mut [T]; 2]>,
    /// Which outputs have taken over the memory of a source; short of those that have not.
    takes_over: SmallVec<[bool; 2]>,
}

enum Taken<'a, T: Element> {
    Register(Storage<T>),
    Output(&'a mut [T]),
}

impl<'a, T: Loops> Bank<'a, T> {
    fn new(registers: Vec<Storage<T>>) -> Self {
        Self {
            registers,
            sources: SmallVec::new(),
            offsets: SmallVec::new(),
            outputs: SmallVec::new(),
            rests: SmallVec::new(),
            takes_over: SmallVec::new(),
        }
    }

    /// Lets the source `source` be the old content of the output `output`.
    pub(super) fn take_over(&mut self, source: usize, output: usize) {
        self.sources[source] = Source::InPlace(output);
        self.takes_over.resize(self.takes_over.len().max(output + 1), false);
        self.takes_over[output] = true;
    }

    pub(super) fn reserve(&mut self, registers: usize) {
        while self.registers.len() < registers {
            self.registers.push(T::pool().take(TILE));
        }
    }

    pub(super) fn push_output(&mut self, output: &'a mut [T]) {
        self.rests.push(output);
        self.outputs.push(Default::default());
    }

    /// Moves the outputs on by a tile.
    pub(super) fn advance(&mut self, length: usize) {
        for (output, rest) in self.outputs.iter_mut().zip(&mut self.rests) {
            let (now, later) = take(rest).split_at_mut(length);
            *output = now;
            *rest = later;
        }
    }

    /// Whether the output has memory of its own.
    fn is_own(&self, output: usize) -> bool {
        !self.takes_over.get(output).is_some_and(|&takes_over| takes_over)
    }

    /// The operand as loops take it.
    #[inline]
    pub(super) fn lanes(&self, operand: Operand, length: usize) -> Lanes<'_, T> {
        match operand {
            Operand::Same(i) => Lanes::same(&self.registers[i][..CHUNK]),
            _ => Lanes::each(self.read(operand, length)),
        }
    }

    /// The operand's elements in the tile; no more than a chunk of equal ones.
    #[inline]
    pub(super) fn read(&self, operand: Operand, length: usize) -> &[T] {
        match operand {
            Operand::Late { output, .. } if self.is_own(output) => &self.outputs[output][..length],
            Operand::Register(i) | Operand::Same(i) | Operand::Late { register: i, .. } => {
                &self.registers[i][..length]
            }
            Operand::Output(i) => &self.outputs[i][..length],
            Operand::Window(i) => match self.sources[i] {
                Source::Slice(slice) => &slice[self.offsets[i].cast_unsigned()..][..length],
                Source::InPlace(output) => &self.outputs[output][..length],
                Source::Block(slice, first) => &slice[self.offsets[i].cast_unsigned() - first..][..length],
            },
        }
    }

    /// A source's elements and where the tile begins in them.
    pub(super) fn source(&self, i: usize) -> (&'a [T], isize) {
        match self.sources[i] {
            Source::Slice(slice) => (slice, self.offsets[i]),
            Source::InPlace(_) => (&[], 0),
            Source::Block(slice, first) => (slice, self.offsets[i] - first.cast_signed()),
        }
    }
}

/// The state of a kernel on one thread. Holds references to the buffers for `'a`.
pub(super) struct Frame<'a> {
    /// Elements of the tile.
    pub(super) length: usize,
    /// Entries of the tile's blocked axis.
    pub(super) entries: usize,
    /// Row-major position of the tile's first element.
    pub(super) linear: usize,
    /// In a block of rows: its first.
    pub(super) row: usize,
    /// The tile's position on the axes up to the blocked one.
    pub(super) index: SmallVec<[usize; 6]>,
    pub(super) f32: Bank<'a, f32>,
    pub(super) f64: Bank<'a, f64>,
    pub(super) i32: Bank<'a, i32>,
    pub(super) u32: Bank<'a, u32>,
    pub(super) bool: Bank<'a, bool>,
    pub(super) f16: Bank<'a, f16>,
    pub(super) bf16: Bank<'a, bf16>,
}

/// Registers between kernels.
#[derive(Default)]
struct Registers {
    f32: Vec<Storage<f32>>,
    f64: Vec<Storage<f64>>,
    i32: Vec<Storage<i32>>,
    u32: Vec<Storage<u32>>,
    bool: Vec<Storage<bool>>,
    f16: Vec<Storage<f16>>,
    bf16: Vec<Storage<bf16>>,
}

thread_local! {
    static REGISTERS: RefCell<Registers> = RefCell::default();
}

impl<'a> Frame<'a> {
    /// Runs `f` with the thread's registers.
    pub(super) fn with<R>(f: impl FnOnce(&mut Frame<'a>) -> R) -> R {
        let mut registers = REGISTERS.take();
        let mut frame = Frame {
            length: 0,
            entries: 0,
            linear: 0,
            row: 0,
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
        REGISTERS.set(Registers {
            f32: frame.f32.registers,
            f64: frame.f64.registers,
            i32: frame.i32.registers,
            u32: frame.u32.registers,
            bool: frame.bool.registers,
            f16: frame.f16.registers,
            bf16: frame.bf16.registers,
        });
        result
    }

    /// Adds the elements to the sources of their type.
    pub(super) fn push_source<T: Lane>(&mut self, elements: &'a [T]) {
        let bank = T::bank(self);
        bank.sources.push(Source::Slice(elements));
        bank.offsets.push(0);
    }

    pub(super) fn advance(&mut self, length: usize) {
        self.f32.advance(length);
        self.f64.advance(length);
        self.i32.advance(length);
        self.u32.advance(length);
        self.bool.advance(length);
        self.f16.advance(length);
        self.bf16.advance(length);
    }

    /// Copies the register to the output, if that is where the output's elements are.
    pub(super) fn settle<T: Lane>(&mut self, output: usize, register: usize) {
        let length = self.length;
        let bank = T::bank(self);
        if !bank.is_own(output) {
            bank.outputs[output][..length].copy_from_slice(&bank.registers[register][..length]);
        }
    }

    /// Fills `target` from what `f` reads.
    pub(super) fn write<T: Lane>(&mut self, target: Target, length: usize, f: impl FnOnce(&Self, &mut [T])) {
        let bank = T::bank(self);
        let target = match target {
            Target::Late { output, .. } if bank.is_own(output) => Target::Output(output),
            Target::Late { register, .. } => Target::Register(register),
            _ => target,
        };
        let mut taken = match target {
            Target::Output(i) => Taken::Output(take(&mut bank.outputs[i])),
            Target::Register(i) | Target::Late { register: i, .. } => {
                Taken::Register(take(&mut bank.registers[i]))
            }
        };
        match &mut taken {
            Taken::Register(register) => f(self, &mut register[..length]),
            Taken::Output(output) => f(self, &mut output[..length]),
        }
        let bank = T::bank(self);
        match (target, taken) {
            (Target::Register(i), Taken::Register(register)) => bank.registers[i] = register,
            (Target::Output(i), Taken::Output(output)) => bank.outputs[i] = output,
            _ => {}
        }
    }
}

/// An element type with a bank in every frame.
pub(super) trait Lane: Loops {
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
