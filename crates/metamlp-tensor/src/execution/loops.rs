//! One loop over slices for each elementwise operation, compiled once per
//! instruction set. The arithmetic is the oracle's. Knows no tiles.

use std::hint::select_unpredictable;

use half::{bf16, f16};
use multiversion::multiversion;

use crate::arithmetic::Arithmetic;
use crate::dtype::Element;
use crate::math::Real;
use crate::op::{Binary, Comparison, Unary};

/// A loop that reads slices of `S` and writes one of `T`.
pub(super) type UnaryLoop<S, T> = fn(&[S], &mut [T]);
/// A loop that reads two slices of `S` and writes one of `T`.
pub(super) type BinaryLoop<S, T> = fn(&[S], &[S], &mut [T]);
/// A loop that reads three slices and writes one.
pub(super) type TernaryLoop<C, T> = fn(&[C], &[T], &[T], &mut [T]);

/// The loops of an element type; `None` for what is too rare to have its own.
pub(super) trait Loops: Arithmetic {
    fn unary_loop(op: Unary) -> Option<UnaryLoop<Self, Self>>;
    fn binary_loop(op: Binary) -> Option<BinaryLoop<Self, Self>>;
    fn comparison_loop(op: Comparison) -> BinaryLoop<Self, bool>;
    fn select_loop() -> TernaryLoop<bool, Self>;
    fn mul_add_loop() -> TernaryLoop<Self, Self>;
}

macro_rules! loops {
    (
        $number:ident in $module:ident:
        unary { $($unary:ident $Unary:ident),* } real { $($Real:ident => $slice:ident),* }
        binary { $($binary:ident $Binary:ident),* }
    ) => {
        mod $module {
            use super::*;

            loops!(@unary $number $($unary $Unary),*);
            loops!(@binary $number $($binary $Binary),*);
            loops!(@compare $number equal Eq, not_equal Ne, less Lt, less_equal Le, greater Gt, greater_equal Ge);

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(super) fn select(choice: &[bool], yes: &[$number], no: &[$number], out: &mut [$number]) {
                for (((out, &choice), &yes), &no) in out.iter_mut().zip(choice).zip(yes).zip(no) {
                    // An `if` becomes a choice of addresses, and that a gather.
                    *out = select_unpredictable(choice, yes, no);
                }
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(super) fn mul_add(a: &[$number], b: &[$number], c: &[$number], out: &mut [$number]) {
                for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *out = Arithmetic::mul_add(a, b, c);
                }
            }
        }

        impl Loops for $number {
            #[allow(unreachable_patterns)]
            fn unary_loop(op: Unary) -> Option<UnaryLoop<Self, Self>> {
                match op {
                    $(Unary::$Unary => Some($module::$unary),)*
                    $(Unary::$Real => Some(<$number as Real>::$slice),)*
                    _ => None,
                }
            }

            fn binary_loop(op: Binary) -> Option<BinaryLoop<Self, Self>> {
                match op {
                    $(Binary::$Binary => Some($module::$binary),)*
                    _ => None,
                }
            }

            fn comparison_loop(op: Comparison) -> BinaryLoop<Self, bool> {
                match op {
                    Comparison::Eq => $module::equal,
                    Comparison::Ne => $module::not_equal,
                    Comparison::Lt => $module::less,
                    Comparison::Le => $module::less_equal,
                    Comparison::Gt => $module::greater,
                    Comparison::Ge => $module::greater_equal,
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
    (@unary $number:ident $($name:ident $Op:ident),*) => {$(
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        pub(super) fn $name(x: &[$number], out: &mut [$number]) {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = Arithmetic::unary(x, Unary::$Op);
            }
        }
    )*};
    (@binary $number:ident $($name:ident $Op:ident),*) => {$(
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        pub(super) fn $name(x: &[$number], y: &[$number], out: &mut [$number]) {
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                *out = Arithmetic::binary(x, Binary::$Op, y);
            }
        }
    )*};
    (@compare $number:ident $($name:ident $Op:ident),*) => {$(
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        pub(super) fn $name(x: &[$number], y: &[$number], out: &mut [bool]) {
            for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                *out = Comparison::$Op.holds(x, y);
            }
        }
    )*};
}

loops! {
    f32 in single:
    unary { abs Abs, ceil Ceil, floor Floor, neg Neg, round RoundNearestEven, sign Sign, sqrt Sqrt }
    real {
        Erf => erf_slice, ErfInv => erf_inv_slice, Erfc => erfc_slice, Exp => exp_slice, ExpM1 => exp_m1_slice,
        Log => log_slice, Log1p => log1p_slice, Logistic => logistic_slice, Rsqrt => rsqrt_slice, Tanh => tanh_slice
    }
    binary { add Add, sub Sub, mul Mul, div Div, max Max, min Min }
}

loops! {
    f64 in double:
    unary { abs Abs, ceil Ceil, floor Floor, neg Neg, round RoundNearestEven, sign Sign, sqrt Sqrt }
    real {
        Erf => erf_slice, ErfInv => erf_inv_slice, Erfc => erfc_slice, Exp => exp_slice, ExpM1 => exp_m1_slice,
        Log => log_slice, Log1p => log1p_slice, Logistic => logistic_slice, Rsqrt => rsqrt_slice, Tanh => tanh_slice
    }
    binary { add Add, sub Sub, mul Mul, div Div, max Max, min Min }
}

// The rest of their arithmetic is that of `f32`: see the pass `half_precision`.
loops! {
    f16 in binary16:
    unary { abs Abs, neg Neg } real {}
    binary { max Max, min Min }
}

loops! {
    bf16 in bfloat16:
    unary { abs Abs, neg Neg } real {}
    binary { max Max, min Min }
}

loops! {
    i32 in signed:
    unary { abs Abs, neg Neg, not Not, sign Sign } real {}
    binary {
        add Add, sub Sub, mul Mul, max Max, min Min, and And, or Or, xor Xor, shift_left ShiftLeft,
        shift_right ShiftRight
    }
}

loops! {
    u32 in unsigned:
    unary { not Not } real {}
    binary {
        add Add, sub Sub, mul Mul, max Max, min Min, and And, or Or, xor Xor, shift_left ShiftLeft,
        shift_right ShiftRight
    }
}

loops! {
    bool in logical:
    unary { not Not } real {}
    binary { and And, or Or, xor Xor, max Max, min Min }
}

/// `op` without a loop of its own.
pub(super) fn rare_unary<T: Arithmetic>(op: Unary, x: &[T], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.unary(op);
    }
}

/// `op` without a loop of its own.
pub(super) fn rare_binary<T: Arithmetic>(op: Binary, x: &[T], y: &[T], out: &mut [T]) {
    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *out = x.binary(op, y);
    }
}

/// Numbers of `bf16` as `f32`, exactly.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma",))]
pub(super) fn widen(x: &[bf16], out: &mut [f32]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f32::from_bits(u32::from(x.to_bits()) << 16);
    }
}

/// The `bf16` nearest to each number, ties to even.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma",))]
pub(super) fn narrow(x: &[f32], out: &mut [bf16]) {
    for (out, &x) in out.iter_mut().zip(x) {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
        // Rounding could carry a NaN's payload away.
        let quiet = bits >> 16 | 0x40;
        *out = bf16::from_bits(if x.is_nan() { quiet as u16 } else { rounded as u16 });
    }
}

/// Conversion by value.
pub(super) fn convert<S: Arithmetic, T: Arithmetic>(x: &[S], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.convert();
    }
}

/// The same bits.
pub(super) fn bitcast<S: Element, T: Arithmetic>(x: &[S], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = T::from_bits64(x.to_bits64());
    }
}

/// The same elements.
pub(super) fn copy<T: Copy>(x: &[T], out: &mut [T]) {
    out.copy_from_slice(x);
}

/// Neither infinite nor NaN.
pub(super) fn is_finite<T: Arithmetic>(x: &[T], out: &mut [bool]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.to_f64().is_finite();
    }
}
