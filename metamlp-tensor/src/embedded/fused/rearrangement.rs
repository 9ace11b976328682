//! Transposes an input that a kernel would read with large strides. The transposition works on squares, so that it uses
//! all elements of each cache line.

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;

use crate::embedded::analysis::loads::Load;
use crate::embedded::slices::parallel::each_part;
use crate::embedded::slices::view::merged;

/// Least number of elements for which an extra pass over memory pays. Smaller in tests.
const LEAST: usize = if cfg!(test) { 64 } else { 1 << 15 };
/// Stride in bytes from which neighbours of a row are on different cache lines.
const FAR: usize = 64;
/// Rows and columns of a square.
const SIDE: usize = 16;

/// The elements of a load whose axes are not in the order of the buffer.
#[derive(Clone, Debug)]
pub(crate) struct Rearrangement {
    dtype: DType,
    offset: usize,
    /// (extent, stride) of the axes before the contiguous axis: the one with stride 1 in the buffer.
    outer: SmallVec<[(usize, usize); 4]>,
    /// Extent of the contiguous axis.
    neighbours: usize,
    /// (extent, stride) of the axes between the contiguous axis and the last one.
    middle: SmallVec<[(usize, usize); 4]>,
    /// (extent, stride) of the last axis.
    last: (usize, usize),
}

impl Rearrangement {
    /// The rearrangement of a load in a kernel over `space`, or `None` if it does not pay.
    pub(crate) fn new(load: &Load, space: &[usize]) -> Option<Self> {
        let positive =
            |&(extent, stride): &(usize, isize)| (stride > 0).then_some((extent, stride.cast_unsigned()));
        let axes: SmallVec<[(usize, usize); 4]> =
            merged(space, &load.strides).iter().map(positive).collect::<Option<_>>()?;
        let (&last, others) = axes.split_last()?;
        let own = others.iter().position(|&(_, stride)| stride == 1)?;
        let pays = space.iter().product::<usize>() >= LEAST && last.1 * load.dtype.size() >= FAR;
        (load.base.is_some() && load.row_steps.is_empty() && pays).then(|| Self {
            dtype: load.dtype,
            offset: load.offset.cast_unsigned(),
            outer: others[..own].into(),
            neighbours: others[own].0,
            middle: others[own + 1..].into(),
            last,
        })
    }

    /// Bytes of the result.
    pub(crate) fn bytes(&self) -> usize {
        count(&self.outer) * self.neighbours * self.inner() * self.dtype.size()
    }

    /// The elements of the load in the order of the kernel.
    pub(crate) fn run(&self, buffer: &Buffer) -> Buffer {
        for_dtype!(self.dtype, T => self.rearrange::<T>(buffer.elements()))
    }

    /// Elements of the result for each entry of the contiguous axis.
    fn inner(&self) -> usize {
        count(&self.middle) * self.last.0
    }

    fn rearrange<T: Stored>(&self, source: &[T]) -> Buffer {
        let (images, inner) = (count(&self.outer), self.inner());
        let mut result = T::pool().take(images * self.neighbours * inner);
        let cost = result.len();
        if images == 1 {
            each_part(&mut result, SIDE * inner, cost, &|band, result| {
                self.band(&source[self.offset + band * SIDE..], result);
            });
        } else {
            each_part(&mut result, self.neighbours * inner, cost, &|image, result| {
                let source = &source[self.offset + place(&self.outer, image)..];
                for (band, result) in result.chunks_mut(SIDE * inner).enumerate() {
                    self.band(&source[band * SIDE..], result);
                }
            });
        }
        Buffer::from_vec(result)
    }

    /// Fills the rows of `result`, at most as many as a square has.
    fn band<T: Copy>(&self, source: &[T], result: &mut [T]) {
        let (inner, (extent, stride)) = (self.inner(), self.last);
        for (number, start) in (0..inner).step_by(extent).enumerate() {
            let source = &source[place(&self.middle, number)..];
            for first in (0..extent).step_by(SIDE) {
                let columns = SIDE.min(extent - first);
                let rows = result.chunks_mut(inner).map(|row| &mut row[start + first..][..columns]);
                square(&source[first * stride..], stride, rows);
            }
        }
    }
}

/// Row `i` of the square is every `stride`-th element from the `i`-th on.
fn square<'r, T: Copy + 'r>(source: &[T], stride: usize, rows: impl ExactSizeIterator<Item = &'r mut [T]>) {
    let is_whole = rows.len() == SIDE && source.len() >= (SIDE - 1) * stride + SIDE;
    if is_whole {
        // Read each cache line whole, before another one can evict it.
        let columns: [[T; SIDE]; SIDE] =
            std::array::from_fn(|j| std::array::from_fn(|i| source[j * stride..][..SIDE][i]));
        for (i, row) in rows.enumerate() {
            for (x, column) in row.iter_mut().zip(&columns) {
                *x = column[i];
            }
        }
    } else {
        for (i, row) in rows.enumerate() {
            for (x, &element) in row.iter_mut().zip(source[i..].iter().step_by(stride)) {
                *x = element;
            }
        }
    }
}

fn count(axes: &[(usize, usize)]) -> usize {
    axes.iter().map(|(extent, _)| extent).product()
}

/// The offset of the entry of this number.
fn place(axes: &[(usize, usize)], mut number: usize) -> usize {
    let mut place = 0;
    for &(extent, stride) in axes.iter().rev() {
        place += number % extent * stride;
        number /= extent;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::slices::view::{Strides, View};

    fn load(view: &View) -> Load {
        Load {
            base: Some(0),
            dtype: DType::F32,
            strides: view.squeezed_strides(),
            offset: view.offset,
            row_steps: Strides::new(),
            is_whole: false,
        }
    }

    #[test]
    fn elements_have_the_order_of_the_view() {
        for (shape, permutation) in [
            (&[37, 50][..], &[1, 0][..]),
            (&[5, 16, 33], &[0, 2, 1]),
            (&[3, 20, 17, 2], &[1, 3, 2, 0]),
            (&[2, 64, 16], &[2, 0, 1]),
            (&[100, 16], &[1, 0]),
        ] {
            let size: usize = shape.iter().product();
            let elements: Vec<f32> = (0..size).map(|i| i as f32).collect();
            let view = View::contiguous(shape).transpose(permutation);
            let rearrangement = Rearrangement::new(&load(&view), &view.shape).unwrap();
            let found = rearrangement.run(&Buffer::from_vec(elements.clone()));
            let expected = (0..size).map(|number| {
                let axes = view.shape.iter().zip(&view.strides);
                let axes: Vec<(usize, usize)> = axes.map(|(&e, &s)| (e, s.cast_unsigned())).collect();
                elements[place(&axes, number)]
            });
            assert_eq!(found.as_slice::<f32>().unwrap(), expected.collect::<Vec<f32>>(), "{shape:?}");
            assert_eq!(rearrangement.bytes(), 4 * size);
        }
    }

    #[test]
    fn contiguous_rows_and_broadcast_elements_are_not_rearranged() {
        let rows = View::contiguous(&[40, 50]);
        assert!(Rearrangement::new(&load(&rows), &rows.shape).is_none());
        let near = View::contiguous(&[400, 3]).transpose(&[1, 0]);
        assert!(Rearrangement::new(&load(&near), &near.shape).is_none());
        let repeated = View::contiguous(&[50]).broadcast(&[0], &[50, 40]);
        assert!(Rearrangement::new(&load(&repeated), &repeated.shape).is_none());
    }
}
