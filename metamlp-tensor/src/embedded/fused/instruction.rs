//! The instructions of a kernel: each runs one loop over one tile.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::class::Elementwise;
use crate::graph::op::{Literal, Reduction, Unary};
use crate::math::arithmetic::Arithmetic;
use crate::random::threefry;

use super::formulas::{Loop, MOST_LEAVES};
use super::frame::{Frame, Lane, Operand, Target};
use super::program::at;
use crate::embedded::slices::folds::Folds as _;
use crate::embedded::slices::load::{self, Pattern};
use crate::embedded::slices::loops::{self, BinaryLoop, CHUNK, Lanes, Loops, TernaryLoop};
use crate::embedded::slices::view::Strides;

/// One step of a kernel on the tile that the frame is at.
pub(crate) type Instruction = Box<dyn for<'a> Fn(&mut Frame<'a>) + Send + Sync>;

/// The instruction that runs `op`, elementwise, on operands of the dtype `from`.
pub(crate) fn apply(
    op: Elementwise,
    from: DType,
    to: DType,
    operands: &[Operand],
    target: Target,
) -> Instruction {
    let first = || operands[0];
    match op {
        Elementwise::Unary(Unary::IsFinite) => {
            for_dtype!(from, T => unary(loops::is_finite::<T>, first(), target))
        }
        Elementwise::Unary(op) => for_dtype!(to, T => match T::unary_loop(op) {
            Some(run) => unary(run, first(), target),
            None => unary(move |x: &[T], out: &mut [T]| loops::rare_unary(op, x, out), first(), target),
        }),
        Elementwise::Binary(op) => for_dtype!(to, T => match T::binary_loop(op) {
            Some(run) => binary(run, operands, target),
            None => {
                let run = move |x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [T]| loops::rare_binary(op, x, y, out);
                binary(run, operands, target)
            }
        }),
        Elementwise::Compare(op) => for_dtype!(from, T => {
            let run: BinaryLoop<T, bool> = T::comparison_loop(op);
            binary(run, operands, target)
        }),
        Elementwise::Select => for_dtype!(to, T => ternary::<bool, T>(T::select_loop(), operands, target)),
        Elementwise::MulAdd => for_dtype!(to, T => ternary::<T, T>(T::mul_add_loop(), operands, target)),
        Elementwise::Convert if (from, to) == (DType::BF16, DType::F32) => {
            unary(loops::widen, first(), target)
        }
        Elementwise::Convert if (from, to) == (DType::F32, DType::BF16) => {
            unary(loops::narrow, first(), target)
        }
        Elementwise::Convert if (from, to) == (DType::F16, DType::F32) => {
            unary(|x: &[f16], out: &mut [f32]| x.convert_to_f32_slice(out), first(), target)
        }
        Elementwise::Convert if (from, to) == (DType::F32, DType::F16) => {
            unary(|x: &[f32], out: &mut [f16]| out.convert_from_f32_slice(x), first(), target)
        }
        Elementwise::Convert => {
            for_dtype!(from, S => for_dtype!(to, T => unary(loops::convert::<S, T>, first(), target)))
        }
        Elementwise::BitcastConvert => {
            for_dtype!(from, S => for_dtype!(to, T => unary(loops::bitcast::<S, T>, first(), target)))
        }
    }
}

/// The operand's elements, unchanged.
pub(crate) fn copy(dtype: DType, operand: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out: &mut [T]| {
            loops::copy(T::of(frame).lanes(operand, length), out);
        });
    }))
}

/// Brings a late result from its register to the output, where it has no memory of its own.
pub(crate) fn settle(dtype: DType, output: usize, register: usize) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| frame.settle::<T>(output, register)))
}

/// `instruction` for the first `length` elements of the tile.
pub(crate) fn shortened(instruction: Instruction, length: usize) -> Instruction {
    Box::new(move |frame| {
        let whole = std::mem::replace(&mut frame.length, length);
        instruction(frame);
        frame.length = whole;
    })
}

/// `instruction`, which fills the register, for one element, when all have the same.
pub(crate) fn once(dtype: DType, instruction: Instruction, register: usize) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let whole = std::mem::replace(&mut frame.length, 1);
        instruction(frame);
        frame.length = whole;
        T::bank(frame).spread(register);
    }))
}

/// What a reduction of the operand's elements gives, everywhere.
pub(crate) fn fold(dtype: DType, kind: Reduction, operand: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            out.fill(T::horizontal(kind, T::of(frame).read(operand, length)));
        });
    }))
}

/// The sum of the products of two operands' elements, everywhere.
pub(crate) fn sum_of_products(dtype: DType, x: Operand, y: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            let bank = T::of(frame);
            out.fill(T::products(bank.read(x, length), bank.read(y, length)));
        });
    }))
}

/// The sum of the operand's elements and that of their squares, everywhere.
pub(crate) fn moments(dtype: DType, x: Operand, [sum, squares]: [Target; 2]) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let moments = T::moments(T::of(frame).read(x, frame.length));
        frame.write(sum, CHUNK, |_, out: &mut [T]| out.fill(moments.0));
        frame.write(squares, CHUNK, |_, out: &mut [T]| out.fill(moments.1));
    }))
}

/// Several operations in one loop.
pub(crate) fn formula(run: Loop, operands: &[Operand], target: Target) -> Instruction {
    let operands: SmallVec<[Operand; MOST_LEAVES]> = operands.into();
    Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out| {
            let mut leaves = [Lanes::same(&[]); MOST_LEAVES];
            for (leaf, &operand) in leaves.iter_mut().zip(&operands) {
                *leaf = frame.f32.lanes(operand, length);
            }
            run(&leaves[..operands.len()], out);
        });
    })
}

/// The same, written over the first operand where that is what the output has so far.
pub(crate) fn formula_in_place(
    (run, in_place): (Loop, Loop),
    operands: &[Operand],
    output: usize,
) -> Instruction {
    let apart = formula(run, operands, Target::Output(output));
    let first = operands[0];
    let over = formula(in_place, &operands[1..], Target::Output(output));
    Box::new(move |frame| {
        let is_there = frame.f32.is_output(first, output);
        if is_there { over(frame) } else { apart(frame) }
    })
}

/// One number everywhere.
pub(crate) fn splat(literal: Literal, target: Target) -> Instruction {
    for_dtype!(literal.dtype(), T => {
        let value = T::from_literal(literal);
        Box::new(move |frame| {
            frame.write(target, CHUNK, |_, out: &mut [T]| out.fill(value));
        })
    })
}

/// The element of the source number `source` that all of the tile have.
pub(crate) fn same(dtype: DType, source: usize, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            let (slice, offset) = T::of(frame).source(source);
            out.fill(slice[offset.cast_unsigned()]);
        });
    }))
}

/// What `pattern` finds in the source number `source`.
pub(crate) fn gather(dtype: DType, source: usize, pattern: Pattern, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out: &mut [T]| {
            let (slice, offset) = T::of(frame).source(source);
            load::gather(slice, offset, &pattern, frame.entries, out);
        });
    }))
}

/// The offsets themselves that the strides give for the tile's elements.
pub(crate) fn iota(
    dtype: DType,
    (offset, strides, row_steps): (isize, Strides, Strides),
    pattern: Pattern,
    target: Target,
) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let base = at(offset + frame.row_offset(&row_steps), &strides, &frame.index);
        let length = frame.length;
        frame.write(target, length, |frame, out: &mut [T]| {
            load::offsets(base, &pattern, frame.entries, out, |position| T::from_f64(position as f64));
        });
    }))
}

/// Random bits for the row-major positions of the tile, from the key in the source number `key`.
pub(crate) fn rng_bits(key: usize, target: Target) -> Instruction {
    Box::new(move |frame| {
        let (length, linear) = (frame.length, frame.linear);
        frame.write(target, length, |frame, out: &mut [u32]| {
            let (words, offset) = frame.u32.source(key);
            let words = &words[offset.cast_unsigned()..];
            threefry::fill_bits([words[0], words[1]], linear as u64, out);
        });
    })
}

fn unary<S: Lane, T: Lane>(
    run: impl Fn(&[S], &mut [T]) + Send + Sync + 'static,
    x: Operand,
    target: Target,
) -> Instruction {
    Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out| run(S::of(frame).read(x, length), out));
    })
}

fn binary<S: Lane, T: Lane>(
    run: impl Fn(Lanes<'_, S>, Lanes<'_, S>, &mut [T]) + Send + Sync + 'static,
    operands: &[Operand],
    target: Target,
) -> Instruction {
    let (x, y) = (operands[0], operands[1]);
    Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out| {
            let bank = S::of(frame);
            run(bank.lanes(x, length), bank.lanes(y, length), out);
        });
    })
}

fn ternary<C: Lane, T: Lane>(run: TernaryLoop<C, T>, operands: &[Operand], target: Target) -> Instruction {
    let (a, b, c) = (operands[0], operands[1], operands[2]);
    Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out| {
            let bank = T::of(frame);
            run(C::of(frame).lanes(a, length), bank.lanes(b, length), bank.lanes(c, length), out);
        });
    })
}
