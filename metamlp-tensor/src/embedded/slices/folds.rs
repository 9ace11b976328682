//! The inner loops of reductions. The order of additions is fixed, so that neither the number of threads nor the
//! instruction set changes a bit. Knows no tiles.

use std::hint::black_box;

use half::{bf16, f16};

use crate::graph::op::{Comparison, Reduction};
use crate::math::arithmetic::Arithmetic;
use crate::math::simd::simd;
use crate::memory::Stored;

/// Partial results that are computed side by side.
const LANES: usize = 32;

/// The loops of an element type.
pub(crate) trait Folds: Arithmetic + Stored {
    /// Reduces all elements to one, by way of [`LANES`] partial results.
    fn horizontal(kind: Reduction, x: &[Self]) -> Self;
    /// The sum of the products of elements, with the bits of a product followed by a sum.
    fn products(x: &[Self], y: &[Self]) -> Self;
    /// The sum of the elements and the sum of their squares, each with the bits of a separate reduction.
    fn moments(x: &[Self]) -> (Self, Self);
    /// Reduces each row of `x` onto `sums`; a row is as long as `sums`.
    fn vertical(kind: Reduction, sums: &mut [Self], x: &[Self]);
    /// Sliding-window reduction: one output entry per window. A window starts at each of `starts` and spans all `rows`;
    /// the columns of `rows` are reduced first, then the taps.
    fn moving(kind: Reduction, rows: &[&[Self]], starts: &[usize], taps: Taps, result: &mut [Self]);
}

/// The elements of a row that a window covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taps {
    /// Elements per entry.
    pub(crate) inner: usize,
    /// Elements from one tap to the next.
    pub(crate) step: usize,
    /// Number of taps, at least one.
    pub(crate) size: usize,
}

/// The loops of a float type that models run often, compiled by [`simd!`] for these reductions. `f32` has windows too.
macro_rules! simd_folds {
    ($number:ident in $module:ident: $($horizontal:ident $vertical:ident $Kind:ident),*; $($moving:ident $MovingKind:ident),*) => {
        mod $module {
            use super::*;

            simd! {
                pub(crate) fn products(x: &[$number], y: &[$number]) -> $number {
                    sum_of_products(x, y)
                }

                pub(crate) fn moments(x: &[$number]) -> ($number, $number) {
                    sum_and_squares(x)
                }

                $(
                    pub(crate) fn $horizontal(x: &[$number]) -> $number {
                        lanes(Reduction::$Kind, x)
                    }

                    pub(crate) fn $vertical(sums: &mut [$number], x: &[$number]) {
                        rows(Reduction::$Kind, sums, x);
                    }
                )*

                $(
                    pub(crate) fn $moving(
                        rows: &[&[$number]],
                        starts: &[usize],
                        taps: Taps,
                        result: &mut [$number],
                    ) {
                        windows(Reduction::$MovingKind, rows, starts, taps, result);
                    }
                )*
            }
        }

        impl Folds for $number {
            fn horizontal(kind: Reduction, x: &[Self]) -> Self {
                match kind {
                    $(Reduction::$Kind => $module::$horizontal(x),)*
                    _ => plain::horizontal(kind, x),
                }
            }

            fn products(x: &[Self], y: &[Self]) -> Self {
                $module::products(x, y)
            }

            fn moments(x: &[Self]) -> (Self, Self) {
                $module::moments(x)
            }

            fn vertical(kind: Reduction, sums: &mut [Self], x: &[Self]) {
                match kind {
                    $(Reduction::$Kind => $module::$vertical(sums, x),)*
                    _ => plain::vertical(kind, sums, x),
                }
            }

            fn moving(
                kind: Reduction,
                rows: &[&[Self]],
                starts: &[usize],
                taps: Taps,
                result: &mut [Self],
            ) {
                match kind {
                    $(Reduction::$MovingKind => $module::$moving(rows, starts, taps, result),)*
                    _ => plain::moving(kind, rows, starts, taps, result),
                }
            }
        }
    };
}

/// The loops of a type for the base instruction set.
macro_rules! plain_folds {
    ($($number:ident)*) => {$(
        impl Folds for $number {
            fn horizontal(kind: Reduction, x: &[Self]) -> Self {
                plain::horizontal(kind, x)
            }

            fn products(x: &[Self], y: &[Self]) -> Self {
                sum_of_products(x, y)
            }

            fn moments(x: &[Self]) -> (Self, Self) {
                sum_and_squares(x)
            }

            fn vertical(kind: Reduction, sums: &mut [Self], x: &[Self]) {
                plain::vertical(kind, sums, x);
            }

            fn moving(
                kind: Reduction,
                rows: &[&[Self]],
                starts: &[usize],
                taps: Taps,
                result: &mut [Self],
            ) {
                plain::moving(kind, rows, starts, taps, result);
            }
        }
    )*};
}

simd_folds! {
    f32 in single:
    sum sums Sum, max maxima Max, min minima Min;
    moving_sums Sum, moving_maxima Max, moving_minima Min
}
simd_folds!(f64 in double: sum sums Sum, max maxima Max, min minima Min;);
// The pass `half_precision` converts sums of `f16` and `bf16` to `f32`.
plain_folds!(f16 bf16 i32 u32 bool);

/// Reductions for the base instruction set. Each kind has a loop of its own, which LLVM vectorises.
mod plain {
    use super::*;

    /// Evaluates `$body` with `$K` as the constant `$kind`.
    macro_rules! for_kind {
        ($kind:expr, $K:ident => $body:expr) => {
            match $kind {
                Reduction::Sum => {
                    const $K: Reduction = Reduction::Sum;
                    $body
                }
                Reduction::Prod => {
                    const $K: Reduction = Reduction::Prod;
                    $body
                }
                Reduction::Max => {
                    const $K: Reduction = Reduction::Max;
                    $body
                }
                Reduction::Min => {
                    const $K: Reduction = Reduction::Min;
                    $body
                }
                Reduction::All => {
                    const $K: Reduction = Reduction::All;
                    $body
                }
                Reduction::Any => {
                    const $K: Reduction = Reduction::Any;
                    $body
                }
            }
        };
    }

    pub(super) fn horizontal<T: Arithmetic>(kind: Reduction, x: &[T]) -> T {
        for_kind!(kind, K => lanes(K, x))
    }

    pub(super) fn vertical<T: Arithmetic>(kind: Reduction, sums: &mut [T], x: &[T]) {
        for_kind!(kind, K => rows(K, sums, x));
    }

    pub(super) fn moving<T: Arithmetic>(
        kind: Reduction,
        rows: &[&[T]],
        starts: &[usize],
        taps: Taps,
        result: &mut [T],
    ) {
        windows(kind, rows, starts, taps, result);
    }
}

#[inline(always)]
fn lanes<T: Arithmetic>(kind: Reduction, x: &[T]) -> T {
    let start = T::start(kind);
    if x.len() < LANES {
        return x.iter().fold(start, |result, &x| result.reduce(kind, x));
    }
    if matches!(kind, Reduction::Max | Reduction::Min) && T::DTYPE.is_float() {
        let best = extremum(kind, x);
        // A comparison does not see the sign of zero.
        if best != T::default() {
            return best;
        }
    }
    let mut lanes = [start; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = lane.reduce(kind, x);
        }
    }
    // Without this, LLVM vectorises the loop above for the pairs below: with vectors of two elements.
    let mut lanes = black_box(lanes);
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = lane.reduce(kind, x);
    }
    pairwise(kind, lanes)
}

#[inline(always)]
fn sum_of_products<T: Arithmetic>(x: &[T], y: &[T]) -> T {
    let start = T::start(Reduction::Sum);
    let mut lanes = [start; LANES];
    let ((chunks, rest), (others, others_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in chunks.iter().zip(others) {
        for i in 0..LANES {
            lanes[i] = lanes[i].reduce(Reduction::Sum, Arithmetic::mul(x[i], y[i]));
        }
    }
    let mut lanes = black_box(lanes);
    for ((lane, &x), &y) in lanes.iter_mut().zip(rest).zip(others_rest) {
        *lane = lane.reduce(Reduction::Sum, Arithmetic::mul(x, y));
    }
    pairwise(Reduction::Sum, lanes)
}

#[inline(always)]
fn sum_and_squares<T: Arithmetic>(x: &[T]) -> (T, T) {
    if x.len() < LANES {
        return (lanes(Reduction::Sum, x), sum_of_products(x, x));
    }
    let start = T::start(Reduction::Sum);
    let (mut sums, mut squares) = ([start; LANES], [start; LANES]);
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            sums[i] = sums[i].reduce(Reduction::Sum, chunk[i]);
            squares[i] = squares[i].reduce(Reduction::Sum, Arithmetic::mul(chunk[i], chunk[i]));
        }
    }
    let (mut sums, mut squares) = black_box((sums, squares));
    for ((sum, square), &x) in sums.iter_mut().zip(&mut squares).zip(rest) {
        *sum = sum.reduce(Reduction::Sum, x);
        *square = square.reduce(Reduction::Sum, Arithmetic::mul(x, x));
    }
    (pairwise(Reduction::Sum, sums), pairwise(Reduction::Sum, squares))
}

/// Reduces the partial results to one, pairwise.
#[inline(always)]
fn pairwise<T: Arithmetic>(kind: Reduction, mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = lanes[i].reduce(kind, lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// The greatest or least float, with one comparison per element; a NaN if there is one.
#[inline(always)]
fn extremum<T: Arithmetic>(kind: Reduction, x: &[T]) -> T {
    let (mut best, mut nan) = ([T::start(kind); LANES], [T::default(); LANES]);
    let comparison = if kind == Reduction::Max { Comparison::Gt } else { Comparison::Lt };
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for ((best, nan), &x) in best.iter_mut().zip(&mut nan).zip(chunk) {
            *best = if comparison.holds(x, *best) { x } else { *best };
            // Only NaN is not equal to itself.
            *nan = if Comparison::Ne.holds(x, x) { x } else { *nan };
        }
    }
    let (mut best, nan) = black_box((best, nan));
    for (best, x) in best.iter_mut().zip(nan) {
        *best = if Comparison::Ne.holds(x, x) { x } else { *best };
    }
    for (best, &x) in best.iter_mut().zip(rest) {
        *best = best.reduce(kind, x);
    }
    pairwise(kind, best)
}

/// Elements of an entry that are reduced side by side.
const WIDTH: usize = 16;

#[inline(always)]
fn windows<T: Arithmetic>(kind: Reduction, rows: &[&[T]], starts: &[usize], taps: Taps, result: &mut [T]) {
    for (&start, result) in starts.iter().zip(result.chunks_exact_mut(taps.inner)) {
        let (chunks, rest) = result.as_chunks_mut::<WIDTH>();
        let done = chunks.len() * WIDTH;
        for (number, chunk) in chunks.iter_mut().enumerate() {
            *chunk = window(kind, rows, start + number * WIDTH, taps);
        }
        for (i, x) in rest.iter_mut().enumerate() {
            [*x] = window(kind, rows, start + done + i, taps);
        }
    }
}

/// `W` neighbouring elements of the result of a window.
#[inline(always)]
fn window<T: Arithmetic, const W: usize>(kind: Reduction, rows: &[&[T]], start: usize, taps: Taps) -> [T; W] {
    let mut sums = column(kind, rows, start);
    for tap in 1..taps.size {
        let column: [T; W] = column(kind, rows, start + tap * taps.step);
        for i in 0..W {
            sums[i] = sums[i].reduce(kind, column[i]);
        }
    }
    if kind == Reduction::Sum {
        // The sum of zeros is 0, even if all of them are -0.
        for sum in &mut sums {
            *sum = T::start(kind).reduce(kind, *sum);
        }
    }
    sums
}

/// Reduces the elements of all rows from `start` on. Not a closure, which would be compiled for the base instruction set.
#[inline(always)]
fn column<T: Arithmetic, const W: usize>(kind: Reduction, rows: &[&[T]], start: usize) -> [T; W] {
    let mut sums = [T::default(); W];
    let (first, others) = rows.split_first().expect("a window covers at least one row");
    sums.copy_from_slice(&first[start..][..W]);
    for row in others {
        let row = &row[start..][..W];
        for i in 0..W {
            sums[i] = sums[i].reduce(kind, row[i]);
        }
    }
    sums
}

#[inline(always)]
fn rows<T: Arithmetic>(kind: Reduction, sums: &mut [T], x: &[T]) {
    for row in x.chunks_exact(sums.len()) {
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum = sum.reduce(kind, x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_the_bits_of_separate_reductions() {
        for length in [0, 1, 31, 32, 33, 768, 1000] {
            let x: Vec<f32> = (0..length).map(|i| (i * 37 % 101) as f32 / 7.0 - 5.0).collect();
            let (sum, squares) = f32::moments(&x);
            assert_eq!(sum.to_bits(), f32::horizontal(Reduction::Sum, &x).to_bits(), "{length}");
            assert_eq!(squares.to_bits(), f32::products(&x, &x).to_bits(), "{length}");
        }
    }
}
