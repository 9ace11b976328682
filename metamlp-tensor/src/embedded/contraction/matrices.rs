//! Operands of products and convolutions as batches of matrices, in place if strides can express it.

use smallvec::SmallVec;

use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::shared::Form;

use crate::embedded::slices::load;
use crate::embedded::slices::matmul::Matrix;
use crate::embedded::slices::view::{Strides, View, merged};

/// An operand: a batch of matrices in a buffer.
#[derive(Clone, Debug)]
pub(crate) struct Matrices {
    /// Offset of the first matrix.
    offset: isize,
    /// (extent, stride) of the batch axes.
    batch: SmallVec<[(usize, isize); 4]>,
    /// Elements from one row to the next, or from one column to the next if the matrices are transposed.
    stride: usize,
    is_transposed: bool,
    /// Set if neither rows nor columns are contiguous: the view, with its axes in the order batch, rows, columns, that is
    /// copied before the product.
    packed: Option<View>,
}

impl Matrices {
    /// The matrices of `view`, with its axes in three roles.
    pub(crate) fn new(view: &View, [batch, rows, columns]: [&[usize]; 3]) -> Self {
        let pick = |axes: &[usize]| -> (SmallVec<[usize; 4]>, Strides) {
            (
                axes.iter().map(|&axis| view.shape[axis]).collect(),
                axes.iter().map(|&axis| view.strides[axis]).collect(),
            )
        };
        // The extent and the stride of axes that are one run. Broadcast and reversed axes are copied.
        let run = |axes: &[usize]| -> Option<(usize, Option<usize>)> {
            let (extents, strides) = pick(axes);
            match merged(&extents, &strides)[..] {
                [] => Some((1, None)),
                [(extent, stride)] if stride > 0 => Some((extent, Some(stride.cast_unsigned()))),
                _ => None,
            }
        };
        let (batch_extents, batch_strides) = pick(batch);
        let batch_axes = merged(&batch_extents, &batch_strides);
        // With a single row, its length serves as the row stride.
        let found = match (run(rows), run(columns)) {
            (Some((_, stride)), Some((extent, None | Some(1)))) => Some((stride.unwrap_or(extent), false)),
            (Some((extent, None | Some(1))), Some((_, stride))) => Some((stride.unwrap_or(extent), true)),
            _ => None,
        };
        if let Some((stride, is_transposed)) = found {
            return Self { offset: view.offset, batch: batch_axes, stride, is_transposed, packed: None };
        }
        let order: SmallVec<[usize; 6]> = batch.iter().chain(rows).chain(columns).copied().collect();
        let count = |axes: &[usize]| -> usize { axes.iter().map(|&axis| view.shape[axis]).product() };
        let (rows, columns) = (count(rows), count(columns));
        let batch = SmallVec::from_slice(&[(count(batch), (rows * columns).cast_signed())]);
        Self { offset: 0, batch, stride: columns, is_transposed: false, packed: Some(view.transpose(&order)) }
    }

    /// True if the matrices are consecutive and row-major.
    pub(crate) fn is_in_order(&self, batch: usize, rows: usize, columns: usize) -> bool {
        let follows =
            |&(extent, stride): &(usize, isize)| extent == batch && stride == (rows * columns).cast_signed();
        self.packed.is_none()
            && !self.is_transposed
            && self.offset == 0
            && self.stride == columns
            && (batch == 1 || matches!(&self.batch[..], [axis] if follows(axis)))
    }

    /// A contiguous copy of the elements, or `None` if the matrices are used in place.
    pub(crate) fn pack<T: Stored>(&self, buffer: &Buffer) -> Option<Buffer> {
        let view = self.packed.as_ref()?;
        let mut packed = T::pool().take(view.size());
        let pattern = load::pattern(&view.shape[1..], &view.strides);
        load::gather(buffer.elements::<T>(), view.offset, &pattern, view.shape[0], &mut packed);
        Some(Buffer::from_vec(packed))
    }

    /// Matrix `number` of the batch.
    pub(crate) fn matrix<'a, T>(&self, elements: &'a [T], number: usize) -> Matrix<'a, T> {
        let (mut offset, mut rest) = (self.offset, number);
        for &(extent, stride) in self.batch.iter().rev() {
            offset += (rest % extent).cast_signed() * stride;
            rest /= extent;
        }
        Matrix {
            elements: &elements[offset.cast_unsigned()..],
            stride: self.stride,
            is_transposed: self.is_transposed,
        }
    }

    /// The key under which a buffer stores the packed panels of the only matrix; `None` for a batch or a copy.
    pub(crate) fn form(&self, depth: usize, columns: usize) -> Option<Form> {
        let offset = self.offset.cast_unsigned();
        let form = Form { offset, stride: self.stride, is_transposed: self.is_transposed, depth, columns };
        (self.packed.is_none() && self.batch.is_empty()).then_some(form)
    }

    /// How the matrices are read, for a plan.
    pub(crate) fn manner(&self) -> Option<&'static str> {
        match (&self.packed, self.is_transposed) {
            (Some(_), _) => Some("copied"),
            (None, true) => Some("transposed"),
            (None, false) => None,
        }
    }
}
