//! One loop over slices for each elementwise operation, compiled once per
//! instruction set. The arithmetic is the oracle's. Knows no tiles.
//!
//! Operands are read by chunks of a fixed number of elements, so that one
//! element that stands for all of a tile needs neither a loop nor a register
//! of its own: it is a chunk that is read again and again.

use std::hint::select_unpredictable;

use half::{bf16, f16};
use multiversion::multiversion;

use crate::dtype::Element;
use crate::graph::op::{Binary, Comparison, Unary};
use crate::math::Real;
use crate::math::arithmetic::Arithmetic;

/// A loop that reads slices of `S` and writes one of `T`.
pub(crate) type UnaryLoop<S, T> = fn(&[S], &mut [T]);
/// A loop that reads two operands of `S` and writes `T`.
pub(crate) type BinaryLoop<S, T> = fn(Lanes<'_, S>, Lanes<'_, S>, &mut [T]);
/// A loop that reads three operands.
pub(crate) type TernaryLoop<C, T> = fn(Lanes<'_, C>, Lanes<'_, T>, Lanes<'_, T>, &mut [T]);

/// Elements that a loop takes at once.
pub(crate) const CHUNK: usize = 64;

/// An operand's elements in a tile.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<'a, T> {
    elements: &'a [T],
    /// From a chunk to the next: none, where one chunk stands for all.
    step: usize,
}

impl<'a, T> Lanes<'a, T> {
    /// One for each element of the tile.
    pub(crate) fn each(elements: &'a [T]) -> Self {
        Self { elements, step: CHUNK }
    }

    /// A chunk of equal elements for the whole tile.
    pub(crate) fn same(chunk: &'a [T]) -> Self {
        Self { elements: chunk, step: 0 }
    }

    #[inline(always)]
    pub(crate) fn chunk(&self, number: usize) -> Option<&'a [T; CHUNK]> {
        self.elements.get(number * self.step..)?.first_chunk()
    }

    /// The element that stands for all of the tile.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<T>
    where
        T: Copy,
    {
        self.elements.first().copied()
    }

    /// What follows the first `chunks`, `length` elements.
    #[inline(always)]
    pub(crate) fn rest(&self, chunks: usize, length: usize) -> Option<&'a [T]> {
        self.elements.get(chunks * self.step..)?.get(..length)
    }
}

/// Fills `$out` with `$value`, an expression of an element of each operand, and
/// with `in` of the element that it has itself.
macro_rules! elementwise {
    (in $out:ident($own:ident) = $($x:ident),* => $value:expr) => {{
        let (chunks, rest) = $out.as_chunks_mut::<{ $crate::embedded::slices::loops::CHUNK }>();
        for (_number, out) in chunks.iter_mut().enumerate() {
            $(let Some($x) = $x.chunk(_number) else { return };)*
            for (_lane, out) in out.iter_mut().enumerate() {
                let $own = *out;
                $(let $x = $x[_lane];)*
                *out = $value;
            }
        }
        $(let Some($x) = $x.rest(chunks.len(), rest.len()) else { return };)*
        for (_lane, out) in rest.iter_mut().enumerate() {
            let $own = *out;
            $(let $x = $x[_lane];)*
            *out = $value;
        }
    }};
    ($out:ident = $($x:ident),+ => $value:expr) => {{
        let (chunks, rest) = $out.as_chunks_mut::<{ $crate::embedded::slices::loops::CHUNK }>();
        for (number, out) in chunks.iter_mut().enumerate() {
            $(let Some($x) = $x.chunk(number) else { return };)+
            for (lane, out) in out.iter_mut().enumerate() {
                $(let $x = $x[lane];)+
                *out = $value;
            }
        }
        $(let Some($x) = $x.rest(chunks.len(), rest.len()) else { return };)+
        for (lane, out) in rest.iter_mut().enumerate() {
            $(let $x = $x[lane];)+
            *out = $value;
        }
    }};
}
pub(crate) use elementwise;

/// The loops of an element type; `None` for what is too rare to have its own.
pub(crate) trait Loops: Arithmetic {
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
            pub(crate) fn select(
                choice: Lanes<'_, bool>,
                yes: Lanes<'_, $number>,
                no: Lanes<'_, $number>,
                out: &mut [$number],
            ) {
                // An `if` becomes a choice of addresses, and that a gather.
                elementwise!(out = choice, yes, no => select_unpredictable(choice, yes, no));
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(crate) fn mul_add(
                a: Lanes<'_, $number>,
                b: Lanes<'_, $number>,
                c: Lanes<'_, $number>,
                out: &mut [$number],
            ) {
                elementwise!(out = a, b, c => Arithmetic::mul_add(a, b, c));
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
        pub(crate) fn $name(x: &[$number], out: &mut [$number]) {
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
        pub(crate) fn $name(x: Lanes<'_, $number>, y: Lanes<'_, $number>, out: &mut [$number]) {
            elementwise!(out = x, y => Arithmetic::binary(x, Binary::$Op, y));
        }
    )*};
    (@compare $number:ident $($name:ident $Op:ident),*) => {$(
        #[multiversion(targets(
            "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
            "x86_64+avx2+fma",
        ))]
        pub(crate) fn $name(x: Lanes<'_, $number>, y: Lanes<'_, $number>, out: &mut [bool]) {
            elementwise!(out = x, y => Comparison::$Op.holds(x, y));
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
pub(crate) fn rare_unary<T: Arithmetic>(op: Unary, x: &[T], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.unary(op);
    }
}

/// `op` without a loop of its own.
pub(crate) fn rare_binary<T: Arithmetic>(op: Binary, x: Lanes<'_, T>, y: Lanes<'_, T>, out: &mut [T]) {
    elementwise!(out = x, y => x.binary(op, y));
}

/// Numbers of `bf16` as `f32`, exactly.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma",))]
pub(crate) fn widen(x: &[bf16], out: &mut [f32]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f32::from_bits(u32::from(x.to_bits()) << 16);
    }
}

/// The `bf16` nearest to each number, ties to even.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma",))]
pub(crate) fn narrow(x: &[f32], out: &mut [bf16]) {
    for (out, &x) in out.iter_mut().zip(x) {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
        // Rounding could carry a NaN's payload away.
        let quiet = bits >> 16 | 0x40;
        *out = bf16::from_bits(if x.is_nan() { quiet as u16 } else { rounded as u16 });
    }
}

/// Conversion by value.
pub(crate) fn convert<S: Arithmetic, T: Arithmetic>(x: &[S], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.convert();
    }
}

/// The same bits.
pub(crate) fn bitcast<S: Element, T: Arithmetic>(x: &[S], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = T::from_bits64(x.to_bits64());
    }
}

/// The same elements.
pub(crate) fn copy<T: Copy>(x: Lanes<'_, T>, out: &mut [T]) {
    if x.step == 0 {
        if let Some(&same) = x.elements.first() {
            out.fill(same);
        }
    } else if let Some(x) = x.rest(0, out.len()) {
        out.copy_from_slice(x);
    }
}

/// Neither infinite nor NaN.
pub(crate) fn is_finite<T: Arithmetic>(x: &[T], out: &mut [bool]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x.to_f64().is_finite();
    }
}
