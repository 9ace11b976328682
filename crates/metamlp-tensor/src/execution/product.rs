//! `dot_general` of floats: matrix products on strided operands, which are
//! never copied where their axes can be walked as rows and columns.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, LinalgScalar, ShapeBuilder};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::graph::{Graph, Id};
use crate::op::DotDimensions;

use super::gemv::{self, Vectors};
use super::layout::Layout;
use super::load;
use super::view::{Strides, View, merged};

/// Multiplications and additions from which a product is worth more than one thread.
pub(super) const PARALLEL_FLOPS: usize = 4_000_000;
/// Weights from which a matrix-vector product is: it is bound by memory.
const PARALLEL_WEIGHTS: usize = 2_000_000;

/// An operand: a batch of matrices in a buffer.
#[derive(Clone, Debug)]
pub(super) struct Matrices {
    offset: isize,
    /// (extent, stride) of the axes of the batch.
    batch: SmallVec<[(usize, isize); 4]>,
    row: usize,
    column: usize,
    /// Where it has no such strides: its axes in the order batch, rows,
    /// columns, to be copied together first.
    packed: Option<View>,
}

/// A compiled `dot_general`.
pub(super) struct Product {
    dtype: DType,
    batch: usize,
    rows: usize,
    depth: usize,
    columns: usize,
    /// `[batch, rows, depth]`.
    lhs: Matrices,
    /// `[batch, depth, columns]`.
    rhs: Matrices,
}

impl Product {
    pub(super) fn new(graph: &Graph, layout: &Layout, id: Id, dimensions: &DotDimensions) -> Self {
        let node = graph.node(id);
        let (lhs, rhs) = (&layout.place(node.operands[0]).view, &layout.place(node.operands[1]).view);
        let (lhs_free, rhs_free) = dimensions.free_axes(lhs.shape.len(), rhs.shape.len());
        let extent = |view: &View, axes: &[usize]| axes.iter().map(|&axis| view.shape[axis]).product();
        let DotDimensions { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = dimensions;
        Self {
            dtype: node.ty.dtype,
            batch: extent(lhs, lhs_batch),
            rows: extent(lhs, &lhs_free),
            depth: extent(lhs, lhs_contracting),
            columns: extent(rhs, &rhs_free),
            lhs: Matrices::new(lhs, [lhs_batch, &lhs_free, lhs_contracting]),
            rhs: Matrices::new(rhs, [rhs_batch, rhs_contracting, &rhs_free]),
        }
    }

    /// The product of two buffers.
    pub(super) fn run(&self, lhs: &Buffer, rhs: &Buffer) -> Buffer {
        match self.dtype {
            DType::F64 => self.multiply::<f64>(lhs, rhs),
            _ => self.multiply::<f32>(lhs, rhs),
        }
    }

    fn multiply<T: LinalgScalar + Vectors>(&self, lhs: &Buffer, rhs: &Buffer) -> Buffer {
        let size = self.rows * self.columns;
        let mut result = T::pool().take(self.batch * size);
        if self.depth == 0 {
            result.fill(T::zero());
        }
        if result.is_empty() || self.depth == 0 {
            return Buffer::from_vec(result);
        }
        let (lhs_packed, rhs_packed) = (self.lhs.pack::<T>(lhs), self.rhs.pack::<T>(rhs));
        let lhs = lhs_packed.as_ref().unwrap_or(lhs).as_slice().unwrap_or(&[]);
        let rhs = rhs_packed.as_ref().unwrap_or(rhs).as_slice().unwrap_or(&[]);
        let one = |(number, result): (usize, &mut [T])| {
            let lhs = self.lhs.matrix(lhs, number, (self.rows, self.depth));
            let rhs = self.rhs.matrix(rhs, number, (self.depth, self.columns));
            let result = ArrayViewMut2::from_shape((self.rows, self.columns), result);
            if let (Ok(lhs), Ok(rhs), Ok(result)) = (lhs, rhs, result) {
                product(&lhs, &rhs, result, self.batch == 1);
            }
        };
        let flops = 2 * size * self.depth;
        if self.batch > 1 && flops * self.batch > PARALLEL_FLOPS {
            // Enough of them for a thread's while.
            let together = (PARALLEL_FLOPS / 8 / flops).max(1);
            result.par_chunks_mut(size).enumerate().with_min_len(together).for_each(one);
        } else {
            result.chunks_mut(size).enumerate().for_each(one);
        }
        Buffer::from_vec(result)
    }
}

impl Matrices {
    /// The elements of `view`, its axes in three roles.
    pub(super) fn new(view: &View, [batch, rows, columns]: [&[usize]; 3]) -> Self {
        let pick = |axes: &[usize]| -> (SmallVec<[usize; 4]>, Strides) {
            (
                axes.iter().map(|&axis| view.shape[axis]).collect(),
                axes.iter().map(|&axis| view.strides[axis]).collect(),
            )
        };
        // One axis, or none of more than one entry; repeated and reversed ones are copied.
        let stride = |axes: &[usize]| -> Option<usize> {
            let (extents, strides) = pick(axes);
            match merged(&extents, &strides)[..] {
                [] => Some(1),
                [(_, stride)] if stride > 0 => Some(stride.cast_unsigned()),
                _ => None,
            }
        };
        let (batch_extents, batch_strides) = pick(batch);
        if let (Some(row), Some(column)) = (stride(rows), stride(columns)) {
            let batch = merged(&batch_extents, &batch_strides);
            return Self { offset: view.offset, batch, row, column, packed: None };
        }
        let order: SmallVec<[usize; 6]> = batch.iter().chain(rows).chain(columns).copied().collect();
        let count = |axes: &[usize]| -> usize { axes.iter().map(|&axis| view.shape[axis]).product() };
        let (rows, columns) = (count(rows), count(columns));
        let batch = SmallVec::from_slice(&[(count(batch), (rows * columns).cast_signed())]);
        Self { offset: 0, batch, row: columns, column: 1, packed: Some(view.transpose(&order)) }
    }

    /// The elements copied together, where that is needed.
    pub(super) fn pack<T: Element>(&self, buffer: &Buffer) -> Option<Buffer> {
        let view = self.packed.as_ref()?;
        let mut packed = T::pool().take(view.size());
        let pattern = load::pattern(&view.shape[1..], &view.strides);
        load::gather(buffer.as_slice::<T>()?, view.offset, &pattern, view.shape[0], &mut packed);
        Some(Buffer::from_vec(packed))
    }

    /// Matrix `number` of the batch, of `shape`.
    pub(super) fn matrix<'a, T>(
        &self,
        elements: &'a [T],
        number: usize,
        shape: (usize, usize),
    ) -> Result<ArrayView2<'a, T>, ndarray::ShapeError> {
        let (mut offset, mut rest) = (self.offset, number);
        for &(extent, stride) in self.batch.iter().rev() {
            offset += (rest % extent).cast_signed() * stride;
            rest /= extent;
        }
        ArrayView2::from_shape(shape.strides((self.row, self.column)), &elements[offset.cast_unsigned()..])
    }
}

/// `lhs · rhs`. Each element is the same sum in the same order wherever the result is cut.
fn product<T: LinalgScalar + Vectors>(
    lhs: &ArrayView2<'_, T>,
    rhs: &ArrayView2<'_, T>,
    mut result: ArrayViewMut2<'_, T>,
    may_split: bool,
) {
    let (rows, columns) = result.dim();
    let weights = if rows == 1 { rhs.len() } else { lhs.len() };
    let is_vector = rows == 1 || columns == 1;
    let is_large =
        if is_vector { weights >= PARALLEL_WEIGHTS } else { 2 * lhs.len() * columns > PARALLEL_FLOPS };
    let threads = if may_split && is_large { rayon::current_num_threads() } else { 1 };
    if threads == 1 {
        return product_here(lhs, rhs, result);
    }
    // Along the longer side, in whole tiles of the product's kernel.
    let axis = Axis(usize::from(columns >= rows));
    let block = result.len_of(axis).div_ceil(threads).next_multiple_of(16);
    let mut parts: Vec<_> = result.axis_chunks_iter_mut(axis, block).enumerate().collect();
    parts.par_iter_mut().for_each(|(number, part)| {
        let place = ndarray::Slice::from(*number * block..*number * block + part.len_of(axis));
        if axis == Axis(1) {
            product_here(lhs, &rhs.slice_axis(axis, place), part.view_mut());
        } else {
            product_here(&lhs.slice_axis(axis, place), rhs, part.view_mut());
        }
    });
}

/// `lhs · rhs`, on this thread.
pub(super) fn product_here<T: LinalgScalar + Vectors>(
    lhs: &ArrayView2<'_, T>,
    rhs: &ArrayView2<'_, T>,
    mut result: ArrayViewMut2<'_, T>,
) {
    let (rows, columns) = result.dim();
    if rows == 1
        && let Some(result) = result.as_slice_mut()
        && gemv::multiply(&rhs.t(), &lhs.row(0), result)
    {
        return;
    }
    if columns == 1
        && let Some(result) = result.as_slice_mut()
        && gemv::multiply(lhs, &rhs.column(0), result)
    {
        return;
    }
    general_mat_mul(T::one(), lhs, rhs, T::zero(), &mut result);
}
