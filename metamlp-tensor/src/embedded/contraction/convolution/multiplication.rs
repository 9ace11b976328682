//! Convolutions of any shape: the windows, gathered one block at a time, times the kernel as a matrix.

use std::fmt;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::embedded::contraction::factors::PARALLEL_FLOPS;
use crate::embedded::contraction::matrices::Matrices;
use crate::embedded::slices::matmul::{self, Matrix, Number};
use crate::embedded::slices::view::View;
use crate::memory::buffer::Buffer;
use crate::window::WindowAxis;

use super::patches::Patches;
use super::{MOST_PARTIAL, PARTS};

/// Elements of a block of windows: half of an L2 cache.
const BLOCK: usize = 1 << 16;

/// A convolution as a product of the matrix of windows and the matrix of the kernel.
pub(super) struct Multiplication {
    patches: Patches,
    /// `[groups, columns of the patches, out]`, or `[groups, rows, out]` if `sums_rows`.
    kernel: Matrices,
    groups: usize,
    rows: usize,
    columns: usize,
    out: usize,
    /// Rows of a block.
    block: usize,
    /// Set if the result is patchesᵀ · kernel, whose rows are (places, batch): the extent of the batch.
    sums_rows: Option<usize>,
}

impl Multiplication {
    /// `by_window` if the batch of the operand is closer together in memory than its features, as in the gradient of a
    /// kernel. The sum then runs over rows that are gathered like those of the forward pass.
    pub(super) fn new(
        operand: &View,
        kernel: &View,
        windows: &[WindowAxis],
        places: &[usize],
        by_window: bool,
    ) -> Self {
        let spatial = windows.len();
        let patches = Patches::new(operand, windows, places, by_window);
        let taps = 0..spatial;
        let groups: &[usize] = &[spatial];
        let (window, out): (Vec<usize>, &[usize]) = if by_window {
            ([spatial + 1].into_iter().chain(taps).collect(), &[spatial + 2])
        } else {
            (taps.chain([spatial + 1]).collect(), &[spatial + 2])
        };
        let (rows, columns) = (patches.rows(), patches.columns());
        Self {
            kernel: Matrices::new(kernel, [groups, &window, out]),
            groups: kernel.shape[spatial],
            rows,
            columns,
            out: kernel.shape[spatial + 2],
            block: (BLOCK / columns).next_multiple_of(16).clamp(16, rows.next_multiple_of(16)),
            sums_rows: by_window.then(|| operand.shape[0]),
            patches,
        }
    }

    pub(super) fn run<T: Number>(&self, operand: &Buffer, kernel: &Buffer, result: &mut [T]) {
        let kernel_packed = self.kernel.pack::<T>(kernel);
        let kernel = kernel_packed.as_ref().unwrap_or(kernel).elements();
        let operand = operand.elements();
        match self.sums_rows {
            None => self.map_rows(operand, kernel, result),
            Some(batch) => self.sum_rows(operand, kernel, result, batch),
        }
    }

    fn is_parallel(&self) -> bool {
        let factors = [self.groups, self.rows, self.columns, self.out];
        factors.into_iter().fold(2, usize::saturating_mul) > PARALLEL_FLOPS
            && rayon::current_num_threads() > 1
    }

    /// Multiplies each row of the patches to a row of the result.
    fn map_rows<T: Number>(&self, operand: &[T], kernel: &[T], result: &mut [T]) {
        let width = self.groups * self.out;
        let tile = self.block * self.columns;
        let blocks = self.rows.div_ceil(self.block);
        // The blocks of a task use one tile, one after the other.
        let tasks = if self.is_parallel() { blocks.min(4 * rayon::current_num_threads()) } else { 1 };
        let together = blocks.div_ceil(tasks);
        let mut tiles = T::pool().take(blocks.div_ceil(together) * tile);
        let task = |(number, (result, tile)): (usize, (&mut [T], &mut [T]))| {
            for (i, result) in result.chunks_mut(self.block * width).enumerate() {
                let first = (number * together + i) * self.block;
                let rows = result.len() / width;
                for group in 0..self.groups {
                    let tile = &mut tile[..rows * self.columns];
                    self.patches.fill(operand, group, first, tile);
                    let windows = Matrix { elements: &*tile, stride: self.columns, is_transposed: false };
                    let kernel = self.kernel.matrix(kernel, group);
                    for (number, result) in result.chunks_mut(matmul::ROWS * width).enumerate() {
                        let windows = windows.from(number * matmul::ROWS, 0);
                        let mut rows: SmallVec<[&mut [T]; matmul::ROWS]> = result
                            .chunks_mut(width)
                            .map(|row| &mut row[group * self.out..][..self.out])
                            .collect();
                        matmul::multiply(windows, kernel, self.columns, &mut rows, false);
                    }
                }
            }
        };
        let length = together * self.block * width;
        if tasks > 1 {
            result.par_chunks_mut(length).zip(tiles.par_chunks_mut(tile)).enumerate().for_each(task);
        } else {
            result.chunks_mut(length).zip(tiles.chunks_mut(tile)).enumerate().for_each(task);
        }
    }

    /// Sums over all rows of the patches.
    fn sum_rows<T: Number>(&self, operand: &[T], kernel: &[T], result: &mut [T], batch: usize) {
        let size = self.columns * self.out;
        let tile = self.block * self.columns;
        let blocks = self.rows.div_ceil(self.block);
        let parts = blocks.min(PARTS).min(MOST_PARTIAL / (self.groups * size)).max(1);
        let together = blocks.div_ceil(parts);
        let parts = blocks.div_ceil(together);
        let mut tiles = T::pool().take(parts * tile);
        let mut sums = T::pool().take(parts * self.groups * size);
        let part = |(number, (sums, tile)): (usize, (&mut [T], &mut [T]))| {
            sums.fill(T::default());
            for block in number * together..blocks.min((number + 1) * together) {
                let first = block * self.block;
                let rows = self.block.min(self.rows - first);
                let tile = &mut tile[..rows * self.columns];
                for (group, sums) in sums.chunks_exact_mut(size).enumerate() {
                    self.patches.fill(operand, group, first, tile);
                    let windows = Matrix { elements: &*tile, stride: self.columns, is_transposed: true };
                    let kernel = self.kernel.matrix(kernel, group).from(first, 0);
                    for (number, sums) in sums.chunks_mut(matmul::ROWS * self.out).enumerate() {
                        let windows = windows.from(number * matmul::ROWS, 0);
                        let mut sums: SmallVec<[&mut [T]; matmul::ROWS]> =
                            sums.chunks_mut(self.out).collect();
                        matmul::multiply(windows, kernel, rows, &mut sums, true);
                    }
                }
            }
        };
        let length = self.groups * size;
        if self.is_parallel() {
            sums.par_chunks_mut(length).zip(tiles.par_chunks_mut(tile)).enumerate().for_each(part);
        } else {
            sums.chunks_mut(length).zip(tiles.chunks_mut(tile)).enumerate().for_each(part);
        }
        // From [part, group, (place, batch), out] to [batch, place, group, out].
        let places = self.columns / batch;
        for (number, result) in result.chunks_exact_mut(self.out).enumerate() {
            let (group, rest) = (number % self.groups, number / self.groups);
            let (place, batch_number) = (rest % places, rest / places);
            let row = (group * self.columns + place * batch + batch_number) * self.out;
            result.copy_from_slice(&sums[row..][..self.out]);
            for part in 1..parts {
                for (result, &sum) in result.iter_mut().zip(&sums[part * length + row..]) {
                    *result = *result + sum;
                }
            }
        }
    }
}

impl fmt::Display for Multiplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, columns, out, groups, .. } = self;
        let transposed = if self.sums_rows.is_some() { "transposed " } else { "" };
        write!(f, "{transposed}patches [{rows}, {columns}] by {out}")?;
        if *groups > 1 {
            write!(f, ", {groups} groups")?;
        }
        Ok(())
    }
}
