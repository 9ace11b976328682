//! One loop over slices for each elementwise operation. The arithmetic is that of the oracle. Knows no tiles.

use std::hint::select_unpredictable;

use half::{bf16, f16};

use crate::dtype::Element;
use crate::graph::op::{Binary, Comparison, Unary};
use crate::math::Real;
use crate::math::arithmetic::Arithmetic;
use crate::math::simd::simd;

use super::lanes::{Lanes, elementwise};

/// A loop that reads slices of `S` and writes one of `T`.
pub(crate) type UnaryLoop<S, T> = fn(&[S], &mut [T]);
/// A loop that reads two operands of type `S` and writes a slice of `T`.
pub(crate) type BinaryLoop<S, T> = fn(Lanes<'_, S>, Lanes<'_, S>, &mut [T]);
/// A loop that reads an operand of type `C` and two of type `T`.
pub(crate) type TernaryLoop<C, T> = fn(Lanes<'_, C>, Lanes<'_, T>, Lanes<'_, T>, &mut [T]);

/// The loops of an element type; `None` for an operation without a loop of its own, which [`rare_unary`] and
/// [`rare_binary`] run.
pub(crate) trait Loops: Arithmetic {
    fn unary_loop(op: Unary) -> Option<UnaryLoop<Self, Self>>;
    fn binary_loop(op: Binary) -> Option<BinaryLoop<Self, Self>>;
    fn comparison_loop(op: Comparison) -> BinaryLoop<Self, bool>;
    fn select_loop() -> TernaryLoop<bool, Self>;
    fn mul_add_loop() -> TernaryLoop<Self, Self>;
}

/// The loop bodies, for any element type. A caller inlines them, so that they are compiled for its instruction set.
mod bodies {
    use super::*;

    #[inline(always)]
    pub(super) fn equal<T: Arithmetic>(x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [bool]) {
        elementwise!(out = x, y => x == y);
    }

    #[inline(always)]
    pub(super) fn not_equal<T: Arithmetic>(x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [bool]) {
        elementwise!(out = x, y => x != y);
    }

    #[inline(always)]
    pub(super) fn less<T: Arithmetic>(x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [bool]) {
        elementwise!(out = x, y => x < y);
    }

    #[inline(always)]
    pub(super) fn less_equal<T: Arithmetic>(x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [bool]) {
        elementwise!(out = x, y => x <= y);
    }

    #[inline(always)]
    pub(super) fn select<T: Arithmetic>(
        choice: Lanes<'_, bool>,
        yes: Lanes<'_, T>,
        no: Lanes<'_, T>,
        out: &mut [T],
    ) {
        // An `if` compiles to a choice of addresses and a gather.
        elementwise!(out = choice, yes, no => select_unpredictable(choice, yes, no));
    }

    #[inline(always)]
    pub(super) fn mul_add<T: Arithmetic>(a: Lanes<'_, T>, b: Lanes<'_, T>, c: Lanes<'_, T>, out: &mut [T]) {
        elementwise!(out = a, b, c => Arithmetic::mul_add(a, b, c));
    }
}

/// A function compiled by [`simd!`], or a plain one.
macro_rules! compile {
    (simd $($function:tt)*) => { simd! { $($function)* } };
    (plain $($function:tt)*) => { $($function)* };
}

/// The loops of an element type in a module of their own: loops that models run often are compiled by [`simd!`], the
/// others for the base instruction set. `compare` says which of the two holds for comparisons, `select` and `mul_add`.
macro_rules! loops {
    (
        $number:ident in $module:ident:
        compare $compare:ident;
        real { $($Real:ident => $slice:ident),* }
        $($mode:ident { unary { $($unary:ident $Unary:ident),* } binary { $($binary:ident $Binary:ident),* } })*
    ) => {
        mod $module {
            use super::*;

            $(
                loops!(@unary $mode $number $($unary),*);
                loops!(@binary $mode $number $($binary),*);
            )*
            loops!(@compare $compare $number equal, not_equal, less, less_equal);

            compile! {
                $compare
                pub(crate) fn select(
                    choice: Lanes<'_, bool>,
                    yes: Lanes<'_, $number>,
                    no: Lanes<'_, $number>,
                    out: &mut [$number],
                ) {
                    bodies::select(choice, yes, no, out);
                }
            }

            compile! {
                $compare
                pub(crate) fn mul_add(
                    a: Lanes<'_, $number>,
                    b: Lanes<'_, $number>,
                    c: Lanes<'_, $number>,
                    out: &mut [$number],
                ) {
                    bodies::mul_add(a, b, c, out);
                }
            }
        }

        impl Loops for $number {
            fn unary_loop(op: Unary) -> Option<UnaryLoop<Self, Self>> {
                match op {
                    $($(Unary::$Unary => Some($module::$unary),)*)*
                    $(Unary::$Real => Some(<$number as Real>::$slice),)*
                    _ => None,
                }
            }

            fn binary_loop(op: Binary) -> Option<BinaryLoop<Self, Self>> {
                match op {
                    $($(Binary::$Binary => Some($module::$binary),)*)*
                    _ => None,
                }
            }

            fn comparison_loop(op: Comparison) -> BinaryLoop<Self, bool> {
                match op {
                    Comparison::Eq => $module::equal,
                    Comparison::Ne => $module::not_equal,
                    Comparison::Lt => $module::less,
                    Comparison::Le => $module::less_equal,
                    Comparison::Gt => |x, y, out| $module::less(y, x, out),
                    Comparison::Ge => |x, y, out| $module::less_equal(y, x, out),
                }
            }

            fn select_loop() -> TernaryLoop<bool, Self> {
                $module::select
            }

            fn mul_add_loop() -> TernaryLoop<Self, Self> {
                $module::mul_add
            }
        }
    };
    (@unary $mode:ident $number:ident $($name:ident),*) => {$(
        compile! {
            $mode
            pub(crate) fn $name(x: &[$number], out: &mut [$number]) {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = Arithmetic::$name(x);
                }
            }
        }
    )*};
    (@binary $mode:ident $number:ident $($name:ident),*) => {$(
        compile! {
            $mode
            pub(crate) fn $name(x: Lanes<'_, $number>, y: Lanes<'_, $number>, out: &mut [$number]) {
                elementwise!(out = x, y => Arithmetic::$name(x, y));
            }
        }
    )*};
    (@compare $mode:ident $number:ident $($name:ident),*) => {$(
        compile! {
            $mode
            pub(crate) fn $name(x: Lanes<'_, $number>, y: Lanes<'_, $number>, out: &mut [bool]) {
                bodies::$name(x, y, out);
            }
        }
    )*};
}

loops! {
    f32 in single:
    compare simd;
    real {
        Erf => erf_slice, ErfInv => erf_inv_slice, Erfc => erfc_slice, Exp => exp_slice, ExpM1 => exp_m1_slice,
        Log => log_slice, Log1p => log1p_slice, Logistic => logistic_slice, Rsqrt => rsqrt_slice, Tanh => tanh_slice
    }
    simd {
        unary { abs Abs, ceil Ceil, floor Floor, neg Neg, round_nearest_even RoundNearestEven, sign Sign, sqrt Sqrt }
        binary { add Add, sub Sub, mul Mul, div Div, max Max, min Min }
    }
}

loops! {
    f64 in double:
    compare simd;
    real {
        Erf => erf_slice, ErfInv => erf_inv_slice, Erfc => erfc_slice, Exp => exp_slice, ExpM1 => exp_m1_slice,
        Log => log_slice, Log1p => log1p_slice, Logistic => logistic_slice, Rsqrt => rsqrt_slice, Tanh => tanh_slice
    }
    simd {
        unary { abs Abs, neg Neg, sqrt Sqrt }
        binary { add Add, sub Sub, mul Mul, div Div, max Max, min Min }
    }
    plain {
        unary { sign Sign }
        binary {}
    }
}

// The pass `half_precision` converts the other operations on them to `f32`.
loops! {
    f16 in binary16:
    compare plain;
    real {}
    plain {
        unary { abs Abs, neg Neg }
        binary { max Max, min Min }
    }
}

loops! {
    bf16 in bfloat16:
    compare plain;
    real {}
    plain {
        unary { abs Abs, neg Neg }
        binary { max Max, min Min }
    }
}

loops! {
    i32 in signed:
    compare simd;
    real {}
    simd {
        unary {}
        binary { add Add, sub Sub, mul Mul, max Max, min Min }
    }
    plain {
        unary { abs Abs, neg Neg, not Not, sign Sign }
        binary { and And, or Or, xor Xor, shift_left ShiftLeft, shift_right ShiftRight }
    }
}

// Random numbers are made of these operations.
loops! {
    u32 in unsigned:
    compare plain;
    real {}
    simd {
        unary {}
        binary { add Add, and And, or Or, xor Xor, shift_left ShiftLeft, shift_right ShiftRight }
    }
    plain {
        unary { not Not }
        binary { sub Sub, mul Mul, max Max, min Min }
    }
}

loops! {
    bool in logical:
    compare plain;
    real {}
    simd {
        unary { not Not }
        binary { and And, or Or }
    }
    plain {
        unary {}
        binary { xor Xor, max Max, min Min }
    }
}

/// An operation without a loop of its own.
pub(crate) fn rare_unary<T: Arithmetic>(op: Unary, x: &[T], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.unary(op);
    }
}

/// An operation without a loop of its own.
pub(crate) fn rare_binary<T: Arithmetic>(op: Binary, x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [T]) {
    elementwise!(out = x, y => x.binary(op, y));
}

simd! {
    /// Converts `bf16` to `f32`; the conversion is exact.
    pub(crate) fn widen(x: &[bf16], out: &mut [f32]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f32::from_bits(u32::from(x.to_bits()) << 16);
        }
    }

    /// Rounds `f32` to the nearest `bf16`, ties to even.
    pub(crate) fn narrow(x: &[f32], out: &mut [bf16]) {
        for (out, &x) in out.iter_mut().zip(x) {
            let bits = x.to_bits();
            let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
            // Rounding could turn a NaN into an infinity.
            let quiet = bits >> 16 | 0x40;
            *out = bf16::from_bits(if x.is_nan() { quiet as u16 } else { rounded as u16 });
        }
    }
}

/// Conversion by value.
pub(crate) fn convert<S: Arithmetic, T: Arithmetic>(x: &[S], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.convert();
    }
}

/// Conversion by bits, between types of the same size.
pub(crate) fn bitcast<S: Element, T: Arithmetic>(x: &[S], out: &mut [T]) {
    // Without this condition 49 pairs of types would be compiled.
    if const { size_of::<S>() == size_of::<T>() } {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = T::from_bits64(x.to_bits64());
        }
    } else {
        unreachable!("type inference rejects a bitcast between {} and {}", S::DTYPE, T::DTYPE);
    }
}

/// Copies the operand.
pub(crate) fn copy<T: Copy>(x: Lanes<'_, T>, out: &mut [T]) {
    if x.is_same() {
        out.fill(x.first());
    } else {
        out.copy_from_slice(x.rest(0, out.len()));
    }
}

/// True for elements that are neither infinite nor NaN.
pub(crate) fn is_finite<T: Arithmetic>(x: &[T], out: &mut [bool]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.to_f64().is_finite();
    }
}
