//! The instructions of a kernel. Each runs one loop over one tile.

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
use crate::embedded::slices::folds::Folds as _;
use crate::embedded::slices::lanes::{CHUNK, Lanes};
use crate::embedded::slices::load::{self, Pattern};
use crate::embedded::slices::loops::{self, BinaryLoop, Loops, TernaryLoop};
use crate::embedded::slices::view::{Strides, at};

/// One step of a kernel, on the current tile of the frame.
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

/// Copies the operand.
pub(crate) fn copy(dtype: DType, operand: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out: &mut [T]| {
            loops::copy(T::of(frame).lanes(operand, length), out);
        });
    }))
}

/// Copies a late result from its register to the output, if the output has no memory of its own.
pub(crate) fn settle(dtype: DType, output: usize, register: usize) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| frame.settle::<T>(output, register)))
}

/// Runs `instruction` for the first `length` elements of the tile only.
pub(crate) fn shortened(instruction: Instruction, length: usize) -> Instruction {
    Box::new(move |frame| {
        let whole = std::mem::replace(&mut frame.length, length);
        instruction(frame);
        frame.length = whole;
    })
}

/// Runs `instruction`, which writes `register`, for one element that stands for all.
pub(crate) fn once(dtype: DType, instruction: Instruction, register: usize) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let whole = std::mem::replace(&mut frame.length, 1);
        instruction(frame);
        frame.length = whole;
        T::bank(frame).spread(register);
    }))
}

/// Reduces the operand and broadcasts the result over the tile.
pub(crate) fn fold(dtype: DType, kind: Reduction, operand: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            out.fill(T::horizontal(kind, T::of(frame).read(operand, length)));
        });
    }))
}

/// Sums the products of two operands and broadcasts the sum over the tile.
pub(crate) fn sum_of_products(dtype: DType, x: Operand, y: Operand, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            let bank = T::of(frame);
            out.fill(T::products(bank.read(x, length), bank.read(y, length)));
        });
    }))
}

/// Sums the operand and its squares and broadcasts both sums over the tile.
pub(crate) fn moments(dtype: DType, x: Operand, [sum, squares]: [Target; 2]) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let moments = T::moments(T::of(frame).read(x, frame.length));
        frame.write(sum, CHUNK, |_, out: &mut [T]| out.fill(moments.0));
        frame.write(squares, CHUNK, |_, out: &mut [T]| out.fill(moments.1));
    }))
}

/// Runs the loop of a formula.
pub(crate) fn formula(run: Loop, operands: &[Operand], target: Target) -> Instruction {
    let operands: SmallVec<[Operand; MOST_LEAVES]> = operands.into();
    Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out| {
            let mut leaves = [Lanes::same(&[]); MOST_LEAVES];
            for (leaf, &operand) in leaves.iter_mut().zip(&operands) {
                *leaf = frame.banks.f32.lanes(operand, length);
            }
            run(&leaves[..operands.len()], out);
        });
    })
}

/// Runs the in-place loop of a formula if the output holds the first operand, else the other loop.
pub(crate) fn formula_in_place(
    (run, in_place): (Loop, Loop),
    operands: &[Operand],
    output: usize,
) -> Instruction {
    let apart = formula(run, operands, Target::Output(output));
    let first = operands[0];
    let over = formula(in_place, &operands[1..], Target::Output(output));
    Box::new(move |frame| {
        let is_there = frame.banks.f32.is_output(first, output);
        if is_there { over(frame) } else { apart(frame) }
    })
}

/// Broadcasts a literal over the tile.
pub(crate) fn splat(literal: Literal, target: Target) -> Instruction {
    for_dtype!(literal.dtype(), T => {
        let value = T::from_literal(literal);
        Box::new(move |frame| {
            frame.write(target, CHUNK, |_, out: &mut [T]| out.fill(value));
        })
    })
}

/// Broadcasts the element of source number `source` that the whole tile reads.
pub(crate) fn same(dtype: DType, source: usize, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        frame.write(target, CHUNK, |frame, out: &mut [T]| {
            let (slice, offset) = T::of(frame).source(source);
            out.fill(slice[offset.cast_unsigned()]);
        });
    }))
}

/// Reads source number `source` by a pattern of strides.
pub(crate) fn gather(dtype: DType, source: usize, pattern: Pattern, target: Target) -> Instruction {
    for_dtype!(dtype, T => Box::new(move |frame| {
        let length = frame.length;
        frame.write(target, length, |frame, out: &mut [T]| {
            let (slice, offset) = T::of(frame).source(source);
            load::gather(slice, offset, &pattern, frame.entries, out);
        });
    }))
}

/// The offsets that the strides give for the elements of the tile, as values.
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

/// Random bits for the row-major positions of the tile, from the key in source number `key`.
pub(crate) fn rng_bits(key: usize, target: Target) -> Instruction {
    Box::new(move |frame| {
        let (length, linear) = (frame.length, frame.linear);
        frame.write(target, length, |frame, out: &mut [u32]| {
            let (words, offset) = frame.banks.u32.source(key);
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
