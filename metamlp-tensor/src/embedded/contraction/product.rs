//! `dot_general` of floats: matrix products on strided operands. An operand is copied only if strides cannot express its
//! axes as rows and columns.

use std::fmt;
use std::mem::take;
use std::sync::Arc;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::op::{DotDimensions, Op};
use crate::graph::{Graph, Id};
use crate::memory::Stored;
use crate::memory::buffer::{Buffer, Storage};
use crate::memory::shared::Form;

use super::epilogue::{Epilogue, Inputs, Parts};
use super::factors::{Factors, PARALLEL_FLOPS, TILE_ROWS};
use super::matrices::Matrices;
use crate::embedded::analysis::layout::{Layout, Place};
use crate::embedded::analysis::row_group::{Cut, RowGroup};
use crate::embedded::fused::allocation::Allocation;
use crate::embedded::fused::frame::Lane;
use crate::embedded::slices::gemv::Vectors;
use crate::embedded::slices::matmul::{self, Number, Panels, RightHandSide};
use crate::embedded::slices::view::View;

/// Fewest weights worth packing into panels; smaller matrices stay in the L1 cache anyway.
const LEAST_WEIGHTS: usize = 4096;
/// Elements from which a matrix does not stay in cache. Smaller in tests.
const LARGE: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// A compiled `dot_general`.
pub(crate) struct Product {
    pub(crate) dtype: DType,
    pub(crate) batch: usize,
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
    /// `[batch, rows, depth]`.
    pub(crate) lhs: Matrices,
    /// `[batch, depth, columns]`.
    pub(crate) rhs: Matrices,
    /// The key of the packed rhs, if the rhs is an input: it may be weights that many runs share.
    pub(crate) form: Option<Form>,
}

impl Product {
    /// The product `id` of `graph`, a `dot_general`.
    pub(crate) fn new(graph: &Graph, layout: &Layout, id: Id) -> Self {
        let node = graph.node(id);
        let Op::DotGeneral(dimensions) = &node.op else { unreachable!("a product is a `dot_general`") };
        let (lhs, rhs) = (&layout.place(node.operands[0]).view, &layout.place(node.operands[1]).view);
        let (lhs_free, rhs_free) = dimensions.free_axes(lhs.shape.len(), rhs.shape.len());
        let extent = |view: &View, axes: &[usize]| axes.iter().map(|&axis| view.shape[axis]).product();
        let DotDimensions { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = &**dimensions;
        let (batch, rows) = (extent(lhs, lhs_batch), extent(lhs, &lhs_free));
        let (depth, columns) = (extent(lhs, lhs_contracting), extent(rhs, &rhs_free));
        let lhs = Matrices::new(lhs, [lhs_batch, &lhs_free, lhs_contracting]);
        let rhs = Matrices::new(rhs, [rhs_batch, rhs_contracting, &rhs_free]);
        let is_input = matches!(graph.node(layout.place(node.operands[1]).base).op, Op::Input);
        let is_worth_it = rows > 1 && columns > 1 && depth * columns >= LEAST_WEIGHTS;
        let form = if is_input && is_worth_it { rhs.form(depth, columns) } else { None };
        Self { dtype: node.ty.dtype, batch, rows, depth, columns, lhs, rhs, form }
    }

    /// The product of two buffers.
    pub(crate) fn run(&self, lhs: &Buffer, rhs: &Buffer) -> Buffer {
        match self.dtype {
            DType::F64 => self.multiply::<f64>(lhs, rhs),
            DType::F32 => self.multiply::<f32>(lhs, rhs),
            dtype => unreachable!("a product of {dtype} is an integer product or was converted to f32"),
        }
    }

    /// The rows of the result, for kernels that run row by row.
    pub(crate) fn row_group(&self, id: Id) -> Option<RowGroup> {
        let Self { batch, rows, depth, columns, .. } = *self;
        let is_several = rows > 1 && columns > 1 && depth > 0 && batch > 0;
        // For a single matrix it pays only if the matrix does not stay in cache.
        let is_large = batch > 1 || rows * columns > LARGE;
        let cut = Cut { rows: batch * rows, run: rows, row: columns };
        (is_several && is_large).then(|| RowGroup::of_product(id, cut))
    }

    /// True if each row depends on the same row of `scores` only: the lhs is `weights`, which has the rows of `scores`.
    pub(crate) fn follows_rows(&self, scores: &Self, lhs: &Place, weights: Id) -> bool {
        lhs.base == weights
            && lhs.view.is_whole(scores.batch * scores.rows * scores.columns)
            && self.dtype == scores.dtype
            && (self.batch, self.rows, self.depth) == (scores.batch, scores.rows, scores.columns)
            && self.columns > 1
            && self.lhs.is_in_order(self.batch, self.rows, self.depth)
    }

    /// The unit of blocks: the length of each block of the result is a multiple of so many elements. `None` if no epilogue
    /// can run on blocks.
    pub(crate) fn unit(&self) -> Option<usize> {
        let fits = self.rows > 1
            && self.columns > 1
            && self.depth > 0
            && (self.batch == 1 || (self.batch > 1 && self.rows <= matmul::ROWS));
        fits.then_some(self.columns)
    }

    /// The product, if the epilogue keeps it, then the outputs of the epilogue. `rest` are the buffers that the epilogue
    /// reads.
    pub(crate) fn run_with(
        &self,
        epilogue: &Epilogue,
        lhs: &Buffer,
        rhs: &Buffer,
        rest: impl Iterator<Item = Option<Buffer>>,
    ) -> SmallVec<[Buffer; 3]> {
        let (inputs, mut allocations) = epilogue.prepare(rest);
        let after = (epilogue, &inputs, &mut allocations[..]);
        let own = match self.dtype {
            DType::F64 => self.multiply_with::<f64>(lhs, rhs, after),
            DType::F32 => self.multiply_with::<f32>(lhs, rhs, after),
            dtype => unreachable!("a product of {dtype} has no epilogue"),
        };
        own.into_iter().chain(allocations.into_iter().map(Allocation::into_buffer)).collect()
    }

    fn multiply_with<T: Number + Vectors + Lane>(
        &self,
        lhs: &Buffer,
        rhs: &Buffer,
        (epilogue, inputs, allocations): (&Epilogue, &Inputs, &mut [Allocation]),
    ) -> Option<Buffer> {
        let (lhs, rhs) = (&self.left_hand_sides::<T>(lhs), &self.right_hand_sides::<T>(rhs));
        let size = self.rows * self.columns;
        let flops = (2 * self.batch * size).saturating_mul(self.depth);
        let threads = if flops > PARALLEL_FLOPS { rayon::current_num_threads() } else { 1 };
        // A product of few rows is cut by columns, its epilogue by rows: compute the whole product first.
        let is_first_whole = threads > 1 && self.batch == 1 && self.rows <= matmul::ROWS;
        let has_own = epilogue.keeps || is_first_whole;
        let mut result = T::pool().take(if has_own { self.batch * size } else { 0 });
        if is_first_whole {
            self.factors(lhs, rhs, 0).multiply_on_threads(&mut result);
        }
        let blocks = if is_first_whole || self.batch == 1 && threads > 1 {
            (2 * threads).max(self.rows.div_ceil(matmul::ROWS))
        } else {
            self.rows.div_ceil(matmul::ROWS)
        };
        let rows = self.rows.div_ceil(blocks).next_multiple_of(TILE_ROWS);
        let firsts =
            || (0..self.batch).flat_map(|matrix| (0..self.rows).step_by(rows).map(move |row| (matrix, row)));
        let lengths = || firsts().map(|(_, row)| rows.min(self.rows - row) * self.columns);
        let mut rest = &mut result[..];
        let mut pieces: SmallVec<[Piece<'_, T>; 8]> = SmallVec::new();
        for ((matrix, row), length) in firsts().zip(lengths()) {
            let own = has_own.then(|| {
                let (own, others) = take(&mut rest).split_at_mut(length);
                rest = others;
                own
            });
            pieces.push(Piece { matrix, row, length, own, parts: Parts::new() });
        }
        for allocation in allocations {
            for (piece, part) in pieces.iter_mut().zip(allocation.parts(lengths())) {
                piece.parts.push(part);
            }
        }
        let work = |pieces: &mut [Piece<'_, T>]| {
            let mut unkept = T::pool().take(if has_own { 0 } else { rows.min(self.rows) * self.columns });
            for piece in pieces {
                let own = match &mut piece.own {
                    Some(own) => own,
                    None => &mut unkept[..piece.length],
                };
                if !is_first_whole {
                    let factors = self.factors(lhs, rhs, piece.matrix);
                    let lhs = factors.lhs.from(piece.row, 0);
                    Factors { lhs, rows: piece.length / self.columns, ..factors }.multiply_tiles(own);
                }
                let first = piece.matrix * size + piece.row * self.columns;
                epilogue.run(inputs, first, own, take(&mut piece.parts));
            }
        };
        if threads > 1 {
            let together = pieces.len().div_ceil(4 * threads);
            pieces.par_chunks_mut(together).for_each(work);
        } else {
            work(&mut pieces);
        }
        drop(pieces);
        let result = Buffer::from_vec(result);
        epilogue.keeps.then_some(result)
    }

    /// The left-hand sides, copied if their strides require it.
    pub(crate) fn left_hand_sides<T: Stored>(&self, lhs: &Buffer) -> Buffer {
        self.lhs.pack::<T>(lhs).unwrap_or_else(|| lhs.clone())
    }

    /// The right-hand sides, with weights in packed panels.
    pub(crate) fn right_hand_sides<T: Number>(&self, rhs: &Buffer) -> RightHandSides<T> {
        let pack = || Panels::pack(self.rhs.matrix(rhs.elements(), 0), self.depth, self.columns);
        RightHandSides {
            panels: self.form.and_then(|form| rhs.form(form, pack)).into_iter().collect(),
            elements: self.rhs.pack::<T>(rhs).unwrap_or_else(|| rhs.clone()),
        }
    }

    /// The right-hand sides, all of them in packed panels: for many products with each.
    pub(crate) fn right_hand_panels<T: Number>(&self, rhs: &Buffer) -> RightHandSides<T> {
        let mut sides = self.right_hand_sides(rhs);
        if sides.panels.is_empty() {
            let elements = sides.elements.elements();
            let pack =
                |number| Panels::pack(self.rhs.matrix(elements, number), self.depth, self.columns).into();
            sides.panels = (0..self.batch).into_par_iter().map(pack).collect();
        }
        sides
    }

    /// Matrix `number` of the right-hand sides.
    pub(crate) fn right_hand_side<'a, T: Number>(
        &self,
        sides: &'a RightHandSides<T>,
        number: usize,
    ) -> RightHandSide<'a, T> {
        match sides.panels.get(number) {
            Some(panels) => RightHandSide::Panels(Panels::new(panels, self.depth)),
            None => self.rhs.matrix(sides.elements.elements(), number).into(),
        }
    }

    /// The operands of matrix `number` of the result.
    pub(crate) fn factors<'a, T: Number>(
        &self,
        lhs: &'a Buffer,
        rhs: &'a RightHandSides<T>,
        number: usize,
    ) -> Factors<'a, T> {
        let rhs = self.right_hand_side(rhs, number);
        let lhs = self.lhs.matrix(lhs.elements(), number);
        Factors { lhs, rhs, rows: self.rows, depth: self.depth, columns: self.columns }
    }

    fn multiply<T: Number + Vectors>(&self, lhs: &Buffer, rhs: &Buffer) -> Buffer {
        let size = self.rows * self.columns;
        let mut result = T::pool().take(self.batch * size);
        if self.depth == 0 {
            result.fill(T::default());
        }
        if result.is_empty() || self.depth == 0 {
            return Buffer::from_vec(result);
        }
        let (lhs, rhs) = (&self.left_hand_sides::<T>(lhs), &self.right_hand_sides::<T>(rhs));
        let one = |(number, result): (usize, &mut [T])| {
            let factors = self.factors(lhs, rhs, number);
            if self.batch == 1 { factors.multiply_on_threads(result) } else { factors.multiply(result) }
        };
        let flops = (2 * size).saturating_mul(self.depth);
        if self.batch > 1 && flops.saturating_mul(self.batch) > PARALLEL_FLOPS {
            // A task has enough matrices to be worth a thread.
            let together = (PARALLEL_FLOPS / 8 / flops).max(1);
            result.par_chunks_mut(size).enumerate().with_min_len(together).for_each(one);
        } else {
            result.chunks_mut(size).enumerate().for_each(one);
        }
        Buffer::from_vec(result)
    }
}

/// The extents, the kernel, and which operands are copied or transposed.
impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, rows, depth, columns, .. } = self;
        let kernel = if *rows == 1 || *columns == 1 { "matrix by vector" } else { "tiles" };
        if *batch != 1 {
            write!(f, "{batch} of ")?;
        }
        write!(f, "[{rows}, {depth}] by [{depth}, {columns}], {kernel}")?;
        for (name, operand) in [("lhs", &self.lhs), ("rhs", &self.rhs)] {
            if let Some(manner) = operand.manner() {
                write!(f, ", {name} {manner}")?;
            }
        }
        Ok(())
    }
}

/// The right-hand sides of a run.
pub(crate) struct RightHandSides<T: Stored> {
    elements: Buffer,
    /// The packed panels of each matrix; empty if the matrices are used in place.
    panels: Vec<Arc<Storage<T>>>,
}

/// A piece of work: some rows of a matrix of the result.
struct Piece<'a, T> {
    matrix: usize,
    row: usize,
    length: usize,
    /// The rows, if the product is stored.
    own: Option<&'a mut [T]>,
    /// The same rows of the epilogue's outputs.
    parts: Parts<'a>,
}
