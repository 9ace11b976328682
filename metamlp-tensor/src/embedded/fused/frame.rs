//! The state of a running kernel: registers of one tile's length, the buffers it reads, and the part of each output
//! that the current tile writes.

use std::cell::Cell;
use std::mem::take;

use smallvec::SmallVec;

use crate::dtype::Element;
use crate::memory::Stored;
use crate::memory::per_dtype::{ByDType, Family, PerDType};

use crate::embedded::slices::lanes::{CHUNK, Lanes};
use crate::embedded::slices::loops::Loops;
use crate::embedded::slices::tile::TILE;
use crate::embedded::slices::view::at;

/// The place of an instruction's operand, by number within its dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Register(usize),
    /// A register whose first chunk stands for every element of the tile.
    Same(usize),
    /// A contiguous part of a source buffer.
    Window(usize),
    /// The elements of an output that have been written for this tile.
    Output(usize),
    /// The output if it has memory of its own, else the register.
    Late {
        output: usize,
        register: usize,
    },
}

/// The place that an instruction writes its result to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Register(usize),
    Output(usize),
    /// The output if it has memory of its own. The register if the output reuses a buffer that other instructions
    /// still read; [`Frame::settle`] copies it to the output later.
    Late {
        output: usize,
        register: usize,
    },
}

/// A buffer that a kernel reads.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a, T> {
    Slice(&'a [T]),
    /// The current elements of an output.
    Output(usize),
    /// The elements from the given position on; they include all that the tiles read.
    Block(&'a [T], usize),
}

/// A buffer that kernels write, or a part of it.
struct Output<'a, T> {
    elements: &'a mut [T],
    /// Position of the first of `elements` in the whole output.
    first: usize,
    /// Index in `elements` of the tile's first element.
    start: usize,
    /// True if it reuses the memory of a source.
    takes_over: bool,
}

/// The elements of a tile, aligned to a cache line.
#[repr(align(64))]
struct Elements<T>([T; TILE]);

/// A register; `None` while an instruction writes it.
type Register<T> = Option<Box<Elements<T>>>;

/// The part of a [`Frame`] that belongs to one dtype.
pub(crate) struct Bank<'a, T: Element> {
    registers: Vec<Register<T>>,
    pub(crate) sources: SmallVec<[Source<'a, T>; 8]>,
    /// Offset of the tile in each source.
    pub(crate) offsets: SmallVec<[isize; 8]>,
    outputs: SmallVec<[Output<'a, T>; 4]>,
}

/// The memory of a [`Target`], taken out of the frame so that an instruction can read the frame while it writes.
enum Opened<'a, T> {
    Register(usize, Box<Elements<T>>),
    Output(usize, &'a mut [T], usize),
}

/// The invariant behind every access to a register.
const ONE_WRITER: &str = "no instruction reads the register that it writes";

impl<'a, T: Loops> Bank<'a, T> {
    /// Makes `source` read the old content of `output`, which reuses its memory.
    pub(crate) fn take_over(&mut self, source: usize, output: usize) {
        self.sources[source] = Source::Output(output);
        self.outputs[output].takes_over = true;
    }

    /// Adds registers until there are this many.
    fn reserve(&mut self, registers: usize) {
        while self.registers.len() < registers {
            self.registers.push(Some(Box::new(Elements([T::default(); TILE]))));
        }
    }

    /// Fills the first chunk of a register with its first element, which then stands for every element of the tile.
    pub(crate) fn spread(&mut self, register: usize) {
        let Elements(elements) = self.registers[register].as_deref_mut().expect(ONE_WRITER);
        let first = elements[0];
        elements[..CHUNK].fill(first);
    }

    pub(crate) fn push_source(&mut self, source: Source<'a, T>) {
        self.sources.push(source);
        self.offsets.push(0);
    }

    /// Adds an output. `first` is the position of the first of `elements` in the whole output.
    pub(crate) fn push_output(&mut self, elements: &'a mut [T], first: usize) {
        self.outputs.push(Output { elements, first, start: 0, takes_over: false });
    }

    /// Moves the tile of the output to this position of the whole output.
    pub(crate) fn seek_output(&mut self, number: usize, position: usize) {
        let output = &mut self.outputs[number];
        output.start = position - output.first;
    }

    /// The first elements of a register.
    #[inline]
    fn register(&self, number: usize, length: usize) -> &[T] {
        let Elements(elements) = self.registers[number].as_deref().expect(ONE_WRITER);
        &elements[..length]
    }

    /// The tile of an output.
    fn output(&self, number: usize, length: usize) -> &[T] {
        let output = &self.outputs[number];
        &output.elements[output.start..][..length]
    }

    /// True if the operand is the current content of the output.
    pub(crate) fn is_output(&self, operand: Operand, output: usize) -> bool {
        match operand {
            Operand::Output(i) => i == output,
            Operand::Window(i) => matches!(self.sources[i], Source::Output(i) if i == output),
            _ => false,
        }
    }

    /// The operand in the form that loops take.
    pub(crate) fn lanes(&self, operand: Operand, length: usize) -> Lanes<'_, T> {
        match operand {
            Operand::Same(i) => Lanes::same(self.register(i, CHUNK)),
            _ => Lanes::each(self.read(operand, length)),
        }
    }

    /// The elements of the operand in the tile; for [`Operand::Same`], at most a chunk of them.
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

    /// The elements of a source and the offset of the tile in them.
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

    /// The target, with [`Target::Late`] resolved to the register or the output that it stands for.
    fn resolve(&self, target: Target) -> Target {
        match target {
            Target::Late { output, .. } if !self.outputs[output].takes_over => Target::Output(output),
            Target::Late { register, .. } => Target::Register(register),
            _ => target,
        }
    }

    fn open(&mut self, target: Target) -> Opened<'a, T> {
        match self.resolve(target) {
            Target::Register(number) | Target::Late { register: number, .. } => {
                Opened::Register(number, self.registers[number].take().expect(ONE_WRITER))
            }
            Target::Output(number) => {
                let output = &mut self.outputs[number];
                Opened::Output(number, take(&mut output.elements), output.start)
            }
        }
    }

    fn close(&mut self, opened: Opened<'a, T>) {
        match opened {
            Opened::Register(number, register) => self.registers[number] = Some(register),
            Opened::Output(number, elements, _) => self.outputs[number].elements = elements,
        }
    }
}

impl<T> Opened<'_, T> {
    /// The first `length` elements of the tile.
    #[inline]
    fn tile(&mut self, length: usize) -> &mut [T] {
        match self {
            Self::Register(_, register) => &mut register.0[..length],
            Self::Output(_, elements, start) => &mut elements[*start..][..length],
        }
    }
}

/// The family of the banks of a frame.
pub(crate) struct Banks<'a>(std::marker::PhantomData<&'a mut ()>);

impl<'a> Family for Banks<'a> {
    type Of<T: Element> = Bank<'a, T>;
}

impl<T: Element> Default for Bank<'_, T> {
    fn default() -> Self {
        Self {
            registers: Vec::new(),
            sources: SmallVec::new(),
            offsets: SmallVec::new(),
            outputs: SmallVec::new(),
        }
    }
}

/// The registers of a thread while no kernel runs.
struct Registers;

impl Family for Registers {
    type Of<T: Element> = Vec<Register<T>>;
}

thread_local! {
    static REGISTERS: Cell<Option<Box<PerDType<Registers>>>> = const { Cell::new(None) };
}

/// The state of a kernel on one thread. Borrows the buffers for `'a`.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    /// Elements of the tile.
    pub(crate) length: usize,
    /// Entries of the tile on the axis that is split into tiles.
    pub(crate) entries: usize,
    /// Row-major position of the tile's first element.
    pub(crate) linear: usize,
    /// Number of the current block's first row, for kernels that run on blocks of rows.
    pub(crate) row: usize,
    /// Position of that row on the axes that count rows; set only if they are several.
    row_index: SmallVec<[usize; 4]>,
    /// Position of the tile on the axes up to the split one.
    pub(crate) index: SmallVec<[usize; 6]>,
    /// The registers of this thread that no bank has taken yet.
    free: Option<Box<PerDType<Registers>>>,
    pub(crate) banks: PerDType<Banks<'a>>,
}

impl<'a> Frame<'a> {
    /// Runs `f` on a frame with the registers of this thread.
    pub(crate) fn with<R>(f: impl FnOnce(&mut Frame<'a>) -> R) -> R {
        let free = Some(REGISTERS.take().unwrap_or_default());
        let mut frame = Frame { free, ..Frame::default() };
        let result = f(&mut frame);
        let mut registers = frame.free.take().expect("set above and only borrowed since");
        each_dtype!(T => {
            let used = &mut T::bank(&mut frame).registers;
            if !used.is_empty() {
                *registers.of_mut::<T>() = take(used);
            }
        });
        REGISTERS.set(Some(registers));
        result
    }

    /// Adds registers until each dtype has this many.
    pub(crate) fn reserve(&mut self, registers: &ByDType<usize>) {
        each_dtype!(T => {
            let count = registers[T::DTYPE];
            if count > 0 {
                if let (true, Some(free)) = (T::bank(self).registers.is_empty(), &mut self.free) {
                    T::bank(self).registers = take(free.of_mut::<T>());
                }
                T::bank(self).reserve(count);
            }
        });
    }

    /// Computes the position of the current row on these axes, which count rows.
    pub(crate) fn seek_row(&mut self, axes: &[usize]) {
        let mut inner: usize = axes.iter().product();
        self.row_index.clear();
        for extent in axes {
            inner /= extent;
            self.row_index.push(self.row / inner % extent);
        }
    }

    /// Offset of the current row, from the steps on the axes that count rows.
    #[inline]
    pub(crate) fn row_offset(&self, steps: &[isize]) -> isize {
        match *steps {
            [] => 0,
            [step] => self.row.cast_signed() * step,
            _ => at(0, steps, &self.row_index),
        }
    }

    /// Copies the register to the output if [`Target::Late`] has put the output's elements there.
    pub(crate) fn settle<T: Lane>(&mut self, output: usize, register: usize) {
        let length = self.length;
        let bank = T::bank(self);
        let Output { elements, start, takes_over, .. } = &mut bank.outputs[output];
        if *takes_over {
            let Elements(register) = bank.registers[register].as_deref().expect(ONE_WRITER);
            elements[*start..][..length].copy_from_slice(&register[..length]);
        }
    }

    /// Calls `f` with the frame and the first `length` elements of the target.
    #[inline]
    pub(crate) fn write<T: Lane>(&mut self, target: Target, length: usize, f: impl FnOnce(&Self, &mut [T])) {
        let mut opened = T::bank(self).open(target);
        f(self, opened.tile(length));
        T::bank(self).close(opened);
    }

    /// Calls `f` with the frame and `length` elements of an output from `position` of the whole output on.
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
pub(crate) trait Lane: Loops + Stored {
    #[inline]
    fn bank<'f, 'a>(frame: &'f mut Frame<'a>) -> &'f mut Bank<'a, Self> {
        frame.banks.of_mut::<Self>()
    }

    #[inline]
    fn of<'f, 'a>(frame: &'f Frame<'a>) -> &'f Bank<'a, Self> {
        frame.banks.of::<Self>()
    }
}

impl<T: Loops + Stored> Lane for T {}
