//! One matrix product, on one thread or several. Each element is the same sum in the same order, wherever the result is
//! cut.

use std::mem::take;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::embedded::slices::gemv::{self, Vectors};
use crate::embedded::slices::matmul::{self, Matrix, Number, RightHandSide};

/// Multiplications and additions from which a product runs on several threads.
pub(crate) const PARALLEL_FLOPS: usize = 4_000_000;
/// Elements of the matrix from which a matrix-vector product, which is bound by memory, runs on several threads.
const PARALLEL_WEIGHTS: usize = 2_000_000;
/// The columns of a part of a product are a multiple of this: whole register tiles and whole cache lines.
const COLUMNS: usize = 32;
/// The rows of a part of a product are a multiple of this: whole register tiles.
pub(crate) const TILE_ROWS: usize = 12;

/// The operands of a matrix product.
pub(crate) struct Factors<'a, T> {
    /// `[rows, depth]`.
    pub(crate) lhs: Matrix<'a, T>,
    /// `[depth, columns]`.
    pub(crate) rhs: RightHandSide<'a, T>,
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

impl<T: Number + Vectors> Factors<'_, T> {
    /// Computes the product on as many threads as pay.
    pub(crate) fn multiply_on_threads(&self, result: &mut [T]) {
        let is_vector = self.rows == 1 || self.columns == 1;
        let factors = (self.rows * self.columns).saturating_mul(self.depth);
        let is_large =
            if is_vector { factors >= PARALLEL_WEIGHTS } else { factors.saturating_mul(2) > PARALLEL_FLOPS };
        let threads = if is_large { rayon::current_num_threads() } else { 1 };
        if threads == 1 {
            return self.multiply(result);
        }
        // Cut by columns if there are few rows: each thread then packs only its own columns.
        if !is_vector && self.rows <= matmul::ROWS && self.columns >= threads * COLUMNS {
            return self.multiply_columns(result, threads);
        }
        let rows = if self.rows == 1 {
            return self.multiply_row(result, threads);
        } else {
            self.rows.div_ceil(threads).next_multiple_of(TILE_ROWS)
        };
        result.par_chunks_mut(rows * self.columns).enumerate().for_each(|(number, part)| {
            let lhs = self.lhs.from(number * rows, 0);
            let factors = Factors { lhs, rows: part.len() / self.columns, ..*self };
            if is_vector { factors.multiply(part) } else { factors.multiply_tiles(part) }
        });
    }

    /// A result of one row, cut into parts.
    fn multiply_row(&self, result: &mut [T], threads: usize) {
        let columns = self.columns.div_ceil(threads).next_multiple_of(COLUMNS);
        result.par_chunks_mut(columns).enumerate().for_each(|(number, part)| {
            let rhs = self.rhs.columns_from(number * columns);
            Factors { rhs, columns: part.len(), ..*self }.multiply(part);
        });
    }

    /// A result of few rows, cut by columns.
    fn multiply_columns(&self, result: &mut [T], threads: usize) {
        let columns = self.columns.div_ceil(threads).next_multiple_of(COLUMNS);
        let mut rests: SmallVec<[&mut [T]; matmul::ROWS]> = result.chunks_mut(self.columns).collect();
        let mut parts: SmallVec<[&mut [T]; 2 * matmul::ROWS]> = SmallVec::new();
        for _ in 0..self.columns.div_ceil(columns) {
            for rest in &mut rests {
                let row = take(rest);
                let (part, after) = row.split_at_mut(columns.min(row.len()));
                *rest = after;
                parts.push(part);
            }
        }
        parts.par_chunks_mut(self.rows).enumerate().for_each(|(number, part)| {
            matmul::multiply(self.lhs, self.rhs.columns_from(number * columns), self.depth, part, false);
        });
    }

    /// Computes the product on this thread.
    pub(crate) fn multiply(&self, result: &mut [T]) {
        match self.rhs {
            RightHandSide::Matrix(rhs) if self.columns == 1 => {
                self.multiply_vector(self.lhs, rhs.transposed(), result);
            }
            RightHandSide::Matrix(rhs) if self.rows == 1 => {
                self.multiply_vector(rhs.transposed(), self.lhs, result);
            }
            _ => self.multiply_tiles(result),
        }
    }

    /// Computes the product on this thread with register tiles, also if it has only one row: a part of a larger product
    /// must sum in the same order as the whole.
    pub(crate) fn multiply_tiles(&self, result: &mut [T]) {
        for (number, result) in result.chunks_mut(matmul::ROWS * self.columns).enumerate() {
            let lhs = self.lhs.from(number * matmul::ROWS, 0);
            let mut rows: SmallVec<[&mut [T]; matmul::ROWS]> = result.chunks_mut(self.columns).collect();
            matmul::multiply(lhs, self.rhs, self.depth, &mut rows, false);
        }
    }

    /// `matrix` times the only row of `vector`.
    fn multiply_vector(&self, matrix: Matrix<'_, T>, vector: Matrix<'_, T>, result: &mut [T]) {
        if vector.is_transposed && vector.stride != 1 {
            let gathered: Vec<T> =
                vector.elements.iter().step_by(vector.stride).take(self.depth).copied().collect();
            gemv::multiply(matrix, &gathered, result);
        } else {
            gemv::multiply(matrix, &vector.elements[..self.depth], result);
        }
    }
}
