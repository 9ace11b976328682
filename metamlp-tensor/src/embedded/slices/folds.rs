//! The loops that reductions end in, in a fixed order of additions, so that
//! neither threads nor instruction sets change a bit. Knows no tiles.

use std::hint::black_box;

use half::{bf16, f16};
use multiversion::multiversion;

use crate::graph::op::{Binary, Comparison, Reduction};
use crate::math::arithmetic::Arithmetic;

/// Partial results that are carried side by side.
const LANES: usize = 32;

/// The loops of an element type.
pub(crate) trait Folds: Arithmetic {
    /// All elements to one. Sums are made of [`LANES`] partial sums.
    fn horizontal(kind: Reduction, x: &[Self]) -> Self;
    /// The sum of the products of elements, with the bits of a product and then a sum.
    fn products(x: &[Self], y: &[Self]) -> Self;
    /// The sum of all elements and that of their squares, each with the bits that it has by itself.
    fn moments(x: &[Self]) -> (Self, Self);
    /// Every row of `x`, of `sums`' length, onto `sums`.
    fn vertical(kind: Reduction, sums: &mut [Self], x: &[Self]);
    /// Of windows that move over rows of entries an entry of the result each:
    /// what the columns of `rows` give, one tap after the other. A window
    /// begins at each of `starts`; the result has as many entries.
    fn moving(kind: Reduction, rows: &[&[Self]], starts: &[usize], taps: Taps, result: &mut [Self]);
}

/// Of a window on a row of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taps {
    /// Elements of an entry.
    pub(crate) inner: usize,
    /// Elements from a tap to the next.
    pub(crate) step: usize,
    /// Taps, at least one.
    pub(crate) size: usize,
}

macro_rules! folds {
    ($number:ident in $module:ident: $products:ident $moments:ident, $($horizontal:ident $vertical:ident $moving:ident $Kind:ident),*) => {
        mod $module {
            use super::*;

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(crate) fn $products(x: &[$number], y: &[$number]) -> $number {
                sum_of_products(x, y)
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(crate) fn $moments(x: &[$number]) -> ($number, $number) {
                sum_and_squares(x)
            }
            $(
                #[multiversion(targets(
                    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                    "x86_64+avx2+fma",
                ))]
                pub(crate) fn $horizontal(x: &[$number]) -> $number {
                    lanes(Reduction::$Kind, x)
                }

                #[multiversion(targets(
                    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                    "x86_64+avx2+fma",
                ))]
                pub(crate) fn $vertical(sums: &mut [$number], x: &[$number]) {
                    rows(Reduction::$Kind, sums, x);
                }

                #[multiversion(targets(
                    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                    "x86_64+avx2+fma",
                ))]
                pub(crate) fn $moving(
                    rows: &[&[$number]],
                    starts: &[usize],
                    taps: Taps,
                    result: &mut [$number],
                ) {
                    windows(Reduction::$Kind, rows, starts, taps, result);
                }
            )*
        }

        impl Folds for $number {
            fn horizontal(kind: Reduction, x: &[Self]) -> Self {
                match kind {
                    $(Reduction::$Kind => $module::$horizontal(x),)*
                    #[allow(unreachable_patterns)]
                    _ => lanes(kind, x),
                }
            }

            fn products(x: &[Self], y: &[Self]) -> Self {
                $module::$products(x, y)
            }

            fn moments(x: &[Self]) -> (Self, Self) {
                $module::$moments(x)
            }

            fn vertical(kind: Reduction, sums: &mut [Self], x: &[Self]) {
                match kind {
                    $(Reduction::$Kind => $module::$vertical(sums, x),)*
                    #[allow(unreachable_patterns)]
                    _ => rows(kind, sums, x),
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
                    $(Reduction::$Kind => $module::$moving(rows, starts, taps, result),)*
                    #[allow(unreachable_patterns)]
                    _ => windows(kind, rows, starts, taps, result),
                }
            }
        }
    };
}

folds!(f32 in single: products moments, sum sums moving_sums Sum, max maxima moving_maxima Max, min minima moving_minima Min);
folds!(f64 in double: products moments, sum sums moving_sums Sum, max maxima moving_maxima Max, min minima moving_minima Min);
// Their sums are taken in `f32`: see the pass `half_precision`.
folds!(f16 in binary16: products moments, max maxima moving_maxima Max, min minima moving_minima Min);
folds!(bf16 in bfloat16: products moments, max maxima moving_maxima Max, min minima moving_minima Min);
folds!(i32 in signed: products moments, sum sums moving_sums Sum, max maxima moving_maxima Max, min minima moving_minima Min);
folds!(u32 in unsigned: products moments, sum sums moving_sums Sum, max maxima moving_maxima Max, min minima moving_minima Min);
folds!(bool in logical: products moments, all all_rows moving_all All, any any_rows moving_any Any);

#[inline(always)]
fn lanes<T: Arithmetic>(kind: Reduction, x: &[T]) -> T {
    let start = T::start(kind);
    if x.len() < LANES {
        return x.iter().fold(start, |result, &x| result.reduce(kind, x));
    }
    if matches!(kind, Reduction::Max | Reduction::Min) && T::DTYPE.is_float() {
        let best = extremum(kind, x);
        // Comparisons do not know the sign of zero.
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
    // Without this the pairs below are what the loop above is compiled for: vectors of two.
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
            lanes[i] = lanes[i].reduce(Reduction::Sum, x[i].binary(Binary::Mul, y[i]));
        }
    }
    let mut lanes = black_box(lanes);
    for ((lane, &x), &y) in lanes.iter_mut().zip(rest).zip(others_rest) {
        *lane = lane.reduce(Reduction::Sum, x.binary(Binary::Mul, y));
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
            squares[i] = squares[i].reduce(Reduction::Sum, chunk[i].binary(Binary::Mul, chunk[i]));
        }
    }
    let (mut sums, mut squares) = black_box((sums, squares));
    for ((sum, square), &x) in sums.iter_mut().zip(&mut squares).zip(rest) {
        *sum = sum.reduce(Reduction::Sum, x);
        *square = square.reduce(Reduction::Sum, x.binary(Binary::Mul, x));
    }
    (pairwise(Reduction::Sum, sums), pairwise(Reduction::Sum, squares))
}

/// All partial results to one.
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

/// The greatest or least float, by one comparison an element; a NaN if there is one.
#[inline(always)]
fn extremum<T: Arithmetic>(kind: Reduction, x: &[T]) -> T {
    let (mut best, mut nan) = ([T::start(kind); LANES], [T::default(); LANES]);
    let comparison = if kind == Reduction::Max { Comparison::Gt } else { Comparison::Lt };
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for ((best, nan), &x) in best.iter_mut().zip(&mut nan).zip(chunk) {
            *best = if comparison.holds(x, *best) { x } else { *best };
            // Equal to itself unless it is NaN.
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

/// Neighbouring elements of a window's result.
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
        // 0 and -0 are 0.
        for sum in &mut sums {
            *sum = T::start(kind).reduce(kind, *sum);
        }
    }
    sums
}

/// What the elements from `start` on of all rows give. No closure: it would
/// be compiled for the plainest processor.
#[inline(always)]
fn column<T: Arithmetic, const W: usize>(kind: Reduction, rows: &[&[T]], start: usize) -> [T; W] {
    let mut sums = [T::start(kind); W];
    let Some((first, others)) = rows.split_first() else { return sums };
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
    fn both_moments_have_the_bits_that_each_has_by_itself() {
        for length in [0, 1, 31, 32, 33, 768, 1000] {
            let x: Vec<f32> = (0..length).map(|i| (i * 37 % 101) as f32 / 7.0 - 5.0).collect();
            let (sum, squares) = f32::moments(&x);
            assert_eq!(sum.to_bits(), f32::horizontal(Reduction::Sum, &x).to_bits(), "{length}");
            assert_eq!(squares.to_bits(), f32::products(&x, &x).to_bits(), "{length}");
        }
    }
}
