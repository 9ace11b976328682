//! Strided views into a buffer: an offset, and a stride for each axis. Transposes, broadcasts, slices and most reshapes
//! only change the view and copy no element. Knows no buffers.

use smallvec::SmallVec;

use crate::shape::Axes;

/// Steps in elements: negative for a reversed axis, 0 for a broadcast axis.
pub(crate) type Strides = SmallVec<[isize; 4]>;

/// A strided view into a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) shape: Axes,
    pub(crate) strides: Strides,
    pub(crate) offset: isize,
}

impl View {
    /// The view of a whole row-major buffer of this shape.
    pub(crate) fn contiguous(shape: &[usize]) -> Self {
        let mut strides = Strides::from_elem(0, shape.len());
        let mut step = 1;
        for axis in (0..shape.len()).rev() {
            strides[axis] = step;
            step *= shape[axis].cast_signed();
        }
        Self { shape: shape.into(), strides, offset: 0 }
    }

    pub(crate) fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// True if the view is all of a buffer of `size` elements, in order.
    pub(crate) fn is_whole(&self, size: usize) -> bool {
        if self.size() != size || self.offset != 0 {
            return size == 0 && self.size() == 0;
        }
        let mut step = 1;
        for (&extent, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if extent != 1 {
                if stride != step {
                    return false;
                }
                step *= extent.cast_signed();
            }
        }
        true
    }

    pub(crate) fn broadcast(&self, axes: &[usize], shape: &[usize]) -> Self {
        let mut strides = Strides::from_elem(0, shape.len());
        for (own, &axis) in axes.iter().enumerate() {
            if self.shape[own] != 1 {
                strides[axis] = self.strides[own];
            }
        }
        Self { shape: shape.into(), strides, offset: self.offset }
    }

    pub(crate) fn transpose(&self, permutation: &[usize]) -> Self {
        Self {
            shape: permutation.iter().map(|&axis| self.shape[axis]).collect(),
            strides: permutation.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// On each axis `i`, `shape[i]` elements from `starts[i]` on, `steps[i]` apart.
    pub(crate) fn slice(&self, starts: &[usize], steps: &[usize], shape: &[usize]) -> Self {
        let mut view = Self { shape: shape.into(), ..self.clone() };
        for axis in 0..shape.len() {
            view.offset += starts[axis].cast_signed() * self.strides[axis];
            view.strides[axis] *= steps[axis].cast_signed();
        }
        view
    }

    pub(crate) fn reverse(&self, axes: &[usize]) -> Self {
        let mut view = self.clone();
        for &axis in axes {
            view.offset += (self.shape[axis].cast_signed() - 1) * self.strides[axis];
            view.strides[axis] = -self.strides[axis];
        }
        view
    }

    /// The same elements in the same order, or `None` if strides cannot express it.
    pub(crate) fn reshape(&self, shape: &[usize]) -> Option<Self> {
        if self.size() == 0 {
            return Some(Self::contiguous(shape));
        }
        let mut runs = merged(&self.shape, &self.strides).into_iter().rev();
        let (mut left, mut stride) = (1, 0);
        let mut strides = Strides::from_elem(0, shape.len());
        for (axis, &extent) in shape.iter().enumerate().rev() {
            if extent == 1 {
                continue;
            }
            if left == 1 {
                (left, stride) = runs.next()?;
            }
            if left % extent != 0 {
                return None;
            }
            strides[axis] = stride;
            stride *= extent.cast_signed();
            left /= extent;
        }
        Some(Self { shape: shape.into(), strides, offset: self.offset })
    }

    /// The strides of the axes with an extent other than 1.
    pub(crate) fn squeezed_strides(&self) -> Strides {
        self.shape.iter().zip(&self.strides).filter(|(extent, _)| **extent != 1).map(|(_, &s)| s).collect()
    }
}

/// The offset of the element at `index`, where the first element has `offset`.
pub(crate) fn at(offset: isize, strides: &[isize], index: &[usize]) -> isize {
    offset + index.iter().zip(strides).map(|(&i, &stride)| i.cast_signed() * stride).sum::<isize>()
}

/// The number of elements before an axis, along it, and after it.
pub(crate) fn split_at_axis(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product())
}

/// The extents other than 1.
pub(crate) fn squeezed(shape: &[usize]) -> Axes {
    shape.iter().copied().filter(|&extent| extent != 1).collect()
}

/// The shortest list of (extent, stride) pairs that walks the same elements in the same order.
pub(crate) fn merged(shape: &[usize], strides: &[isize]) -> SmallVec<[(usize, isize); 4]> {
    let mut runs: SmallVec<[(usize, isize); 4]> = SmallVec::new();
    for (&extent, &stride) in shape.iter().zip(strides) {
        if extent == 1 {
            continue;
        }
        match runs.last_mut() {
            Some((outer, step)) if *step == stride * extent.cast_signed() => {
                *outer *= extent;
                *step = stride;
            }
            _ => runs.push((extent, stride)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reshape_splits_and_joins_axes_if_strides_can_express_it() {
        let view = View::contiguous(&[4, 6]);
        assert!(view.reshape(&[2, 12]).is_some_and(|view| view.is_whole(24)));
        let transposed = view.transpose(&[1, 0]);
        assert_eq!(transposed.reshape(&[24]), None);
        let split = transposed.reshape(&[3, 2, 2, 2]).unwrap();
        assert_eq!(split.strides[..], [2, 1, 12, 6]);
        let row = View::contiguous(&[6]).broadcast(&[1], &[5, 6]);
        assert_eq!(row.reshape(&[5, 2, 3]).unwrap().strides[..], [0, 3, 1]);
        assert_eq!(row.reshape(&[30]), None);
    }

    #[test]
    fn a_view_is_whole_only_with_all_elements_in_order() {
        let view = View::contiguous(&[2, 1, 3]);
        assert!(view.is_whole(6) && !view.is_whole(12));
        assert!(view.transpose(&[0, 2, 1]).is_whole(6));
        assert!(!view.transpose(&[2, 1, 0]).is_whole(6));
        assert!(!view.slice(&[1, 0, 0], &[1, 1, 1], &[1, 1, 3]).is_whole(3));
        assert!(!view.reverse(&[0]).is_whole(6));
        assert!(View::contiguous(&[0, 3]).is_whole(0));
    }
}
