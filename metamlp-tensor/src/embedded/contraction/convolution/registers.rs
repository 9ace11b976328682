//! The inner loops of the direct convolutions: a tile of sums stays in registers. Knows slices and offsets; nothing of
//! shapes.
//!
//! Each sum is one chain of fused multiply-adds in the order of the taps (or places), so that neither the extents of the
//! tile nor the instruction set changes a bit.

use std::ops::Add;

use multiversion::target::target_cfg_f;

use crate::math::simd::simd;
use crate::memory::Stored;

/// The operand of a tile: the elements of a band, by place and by tap.
#[derive(Clone, Copy)]
pub(super) struct Reads<'a, T> {
    /// The elements under all windows, and [`SLACK`] more.
    pub(super) band: &'a [T],
    /// Offset in the band of the window of each place.
    pub(super) starts: &'a [usize],
    /// Offset in a window of each run of neighbouring taps.
    pub(super) runs: &'a [usize],
    /// Taps of a run, counted with features.
    pub(super) length: usize,
}

/// Elements that a tile may read beyond the last tap.
pub(super) const SLACK: usize = 16;

/// An element type with register tiles.
pub(super) trait Registers: Stored + Add<Output = Self> {
    /// Columns of a panel: two vectors of 512 bits.
    const PANEL: usize;

    /// For every place, the sums over all taps for the columns of one panel `[taps, PANEL]`. `result` has one row per
    /// place; `rows` says where in a row the sums go.
    fn slide(reads: Reads<'_, Self>, panel: &[Self], result: &mut [Self], rows: Rows);

    /// For every tap, the sums over all places, added to `sums` `[taps, PANEL]`. The factors of place `i` are the panel of
    /// `factors` from `i * step` on.
    fn correlate(reads: Reads<'_, Self>, factors: &[Self], step: usize, sums: &mut [Self]);
}

/// The columns of a panel in a row of the result.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Elements of a row.
    pub(super) width: usize,
    /// Index of the first column.
    pub(super) first: usize,
    pub(super) columns: usize,
}

/// True if the processor has fused multiply-adds; otherwise each is a function call.
pub(super) fn are_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    cfg!(target_arch = "aarch64")
}

macro_rules! registers {
    ($($number:ident in $module:ident: $panel:literal, $half:literal;)*) => {$(
        mod $module {
            use super::*;

            simd! {
                pub(super) fn slide(
                    reads: Reads<'_, $number>,
                    panel: &[$number],
                    result: &mut [$number],
                    rows: Rows,
                ) {
                    let (panel, _) = panel.as_chunks::<$panel>();
                    // 28 of 32 registers hold sums, or 12 of 16.
                    if target_cfg_f!(target_feature = "avx512f") {
                        slide_tiles::<14, $panel>(reads, panel, 0, result, rows);
                    } else {
                        slide_tiles::<6, $half>(reads, panel, 0, result, rows);
                        slide_tiles::<6, $half>(reads, panel, $half, result, rows);
                    }
                }

                pub(super) fn correlate(
                    reads: Reads<'_, $number>,
                    factors: &[$number],
                    step: usize,
                    sums: &mut [$number],
                ) {
                    let (sums, _) = sums.as_chunks_mut::<$panel>();
                    if target_cfg_f!(target_feature = "avx512f") {
                        correlate_tiles::<12, 4, $panel>(reads, factors, step, 0, sums);
                    } else {
                        correlate_tiles::<6, 3, $half>(reads, factors, step, 0, sums);
                        correlate_tiles::<6, 3, $half>(reads, factors, step, $half, sums);
                    }
                }
            }

            /// `P` places by `W` columns, from column `from` of the panel on.
            #[inline(always)]
            fn slide_tiles<const P: usize, const W: usize>(
                reads: Reads<'_, $number>,
                panel: &[[$number; $panel]],
                from: usize,
                result: &mut [$number],
                rows: Rows,
            ) {
                let columns = rows.columns.saturating_sub(from).min(W);
                if columns == 0 {
                    return;
                }
                let results = result.chunks_mut(P * rows.width);
                for (places, result) in reads.starts.chunks(P).zip(results) {
                    // A tile with fewer places computes the last one several times.
                    let starts = std::array::from_fn(|p| places[p.min(places.len() - 1)]);
                    let sums = slide_tile::<P, W>(reads, &starts, panel, from);
                    let result = &mut result[rows.first + from..];
                    if columns == W && places.len() == P {
                        for (p, sums) in sums.iter().enumerate() {
                            result[p * rows.width..][..W].copy_from_slice(sums);
                        }
                    } else {
                        for (p, sums) in sums.iter().enumerate().take(places.len()) {
                            result[p * rows.width..][..columns].copy_from_slice(&sums[..columns]);
                        }
                    }
                }
            }

            #[inline(always)]
            fn slide_tile<const P: usize, const W: usize>(
                reads: Reads<'_, $number>,
                starts: &[usize; P],
                panel: &[[$number; $panel]],
                from: usize,
            ) -> [[$number; W]; P] {
                let mut sums = [[0.0; W]; P];
                for (&run, panel) in reads.runs.iter().zip(panel.chunks_exact(reads.length)) {
                    let rows: [&[$number]; P] =
                        std::array::from_fn(|p| &reads.band[starts[p] + run..][..reads.length]);
                    for (i, weights) in panel.iter().enumerate().take(reads.length) {
                        let weights = &weights[from..][..W];
                        for (sums, row) in sums.iter_mut().zip(&rows) {
                            for (sum, &weight) in sums.iter_mut().zip(weights) {
                                *sum = row[i].mul_add(weight, *sum);
                            }
                        }
                    }
                }
                sums
            }

            /// `T` taps by `W` columns, or `R` taps where few remain.
            #[inline(always)]
            fn correlate_tiles<const T: usize, const R: usize, const W: usize>(
                reads: Reads<'_, $number>,
                factors: &[$number],
                step: usize,
                from: usize,
                sums: &mut [[$number; $panel]],
            ) {
                for (&run, sums) in reads.runs.iter().zip(sums.chunks_exact_mut(reads.length)) {
                    let mut first = 0;
                    while first < reads.length {
                        let sums = &mut sums[first..];
                        if sums.len() <= 2 * R {
                            correlate_tile::<R, W>(reads, run + first, factors, step, from, sums);
                            first += R;
                        } else {
                            correlate_tile::<T, W>(reads, run + first, factors, step, from, sums);
                            first += T;
                        }
                    }
                }
            }

            #[inline(always)]
            fn correlate_tile<const T: usize, const W: usize>(
                reads: Reads<'_, $number>,
                tap: usize,
                factors: &[$number],
                step: usize,
                from: usize,
                sums: &mut [[$number; $panel]],
            ) {
                let tile = correlated::<T, W>(reads, tap, factors, step, from);
                for (sums, tile) in sums.iter_mut().zip(&tile) {
                    for (sum, &more) in sums[from..].iter_mut().zip(tile) {
                        *sum += more;
                    }
                }
            }

            /// Returns the tile by value: a loop over a variable number of rows would leave it in memory.
            #[inline(always)]
            fn correlated<const T: usize, const W: usize>(
                reads: Reads<'_, $number>,
                tap: usize,
                factors: &[$number],
                step: usize,
                from: usize,
            ) -> [[$number; W]; T] {
                let mut tile = [[0.0; W]; T];
                for (i, &start) in reads.starts.iter().enumerate() {
                    let taps = &reads.band[start + tap..][..T];
                    let factors = &factors[i * step + from..][..W];
                    for (tile, &tap) in tile.iter_mut().zip(taps) {
                        for (sum, &factor) in tile.iter_mut().zip(factors) {
                            *sum = tap.mul_add(factor, *sum);
                        }
                    }
                }
                tile
            }
        }

        impl Registers for $number {
            const PANEL: usize = $panel;

            fn slide(reads: Reads<'_, Self>, panel: &[Self], result: &mut [Self], rows: Rows) {
                $module::slide(reads, panel, result, rows);
            }

            fn correlate(reads: Reads<'_, Self>, factors: &[Self], step: usize, sums: &mut [Self]) {
                $module::correlate(reads, factors, step, sums);
            }
        }
    )*};
}

registers! {
    f32 in single: 32, 16;
    f64 in double: 16, 8;
}
