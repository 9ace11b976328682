//! The windows of a convolution's operand as the rows of a matrix, gathered one block of rows at a time. Knows views;
//! nothing of kernels or threads.

use smallvec::SmallVec;

use crate::window::WindowAxis;

use crate::embedded::slices::view::View;

/// A matrix with a row for each outer index and a column for each inner index. Its entry is the element at the sum of both
/// positions, or 0 in the padding. One index walks the places of the window, the other the taps; the caller chooses which.
#[derive(Clone, Debug)]
pub(super) struct Patches {
    offset: isize,
    group_stride: isize,
    /// The first axis of the outer index: (extent, stride).
    major: (usize, isize),
    axes: SmallVec<[PatchAxis; 3]>,
    /// The last axis of the inner index: (extent, stride).
    minor: (usize, isize),
}

/// A spatial axis of the operand, and how the two indices walk it.
#[derive(Clone, Copy, Debug)]
struct PatchAxis {
    extent: usize,
    stride: isize,
    window: WindowAxis,
    outer: Walk,
    inner: Walk,
}

/// The positions of an index on the padded axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) count: usize,
    pub(super) step: usize,
}

impl Patches {
    /// The patches of an operand `[batch, spatial.., groups, features]`. The outer index is (batch, places), the inner one
    /// (taps, features). If `by_window`, they are (features, taps) and (places, batch).
    pub(super) fn new(view: &View, windows: &[WindowAxis], places: &[usize], by_window: bool) -> Self {
        let spatial = windows.len();
        let axis = |axis: usize| (view.shape[axis], view.strides[axis]);
        let axes = (0..spatial).map(|i| {
            let window = windows[i];
            let place = Walk { count: places[i], step: window.stride };
            let tap = Walk { count: window.size, step: window.window_dilation };
            let (outer, inner) = if by_window { (tap, place) } else { (place, tap) };
            let (extent, stride) = axis(i + 1);
            PatchAxis { extent, stride, window, outer, inner }
        });
        let (batch, features) = (axis(0), axis(spatial + 2));
        let (major, minor) = if by_window { (features, batch) } else { (batch, features) };
        Self {
            offset: view.offset,
            group_stride: view.strides[spatial + 1],
            major,
            axes: axes.collect(),
            minor,
        }
    }

    /// Bands: a row holds all elements, with padding, under the windows of a block of neighbouring places on the first axis
    /// and of all places on the other axes. `reaches` are the extents of a band. The outer index is (batch, block), the
    /// inner one (elements, features); if `by_window`, batch and features are swapped.
    pub(super) fn bands(
        view: &View,
        windows: &[WindowAxis],
        blocks: Walk,
        reaches: &[usize],
        by_window: bool,
    ) -> Self {
        let mut bands = Self::new(view, windows, reaches, by_window);
        for (i, (axis, &reach)) in bands.axes.iter_mut().zip(reaches).enumerate() {
            axis.outer = if i == 0 { blocks } else { Walk { count: 1, step: 0 } };
            axis.inner = Walk { count: reach, step: 1 };
        }
        bands
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.major.0 * self.axes.iter().map(|axis| axis.outer.count).product::<usize>()
    }

    /// Number of columns.
    pub(super) fn columns(&self) -> usize {
        self.minor.0 * self.axes.iter().map(|axis| axis.inner.count).product::<usize>()
    }

    /// Fills `out` with the rows from `first` on, of one group.
    pub(super) fn fill<T: Copy + Default>(&self, source: &[T], group: usize, first: usize, out: &mut [T]) {
        let mut index: SmallVec<[usize; 3]> = SmallVec::from_elem(0, self.axes.len());
        let mut major = first;
        for (index, axis) in index.iter_mut().zip(&self.axes).rev() {
            *index = major % axis.outer.count;
            major /= axis.outer.count;
        }
        let mut positions: SmallVec<[isize; 3]> = SmallVec::from_elem(0, self.axes.len());
        let base = self.offset + group.cast_signed() * self.group_stride;
        for row in out.chunks_exact_mut(self.columns()) {
            for ((position, axis), &index) in positions.iter_mut().zip(&self.axes).zip(&index) {
                *position = (index * axis.outer.step).cast_signed() - axis.window.low;
            }
            self.row(source, base + major.cast_signed() * self.major.1, &self.axes, &positions, row);
            // Advance to the next row.
            let mut carries = true;
            for (index, axis) in index.iter_mut().zip(&self.axes).rev() {
                *index += 1;
                carries = *index == axis.outer.count;
                if !carries {
                    break;
                }
                *index = 0;
            }
            major += usize::from(carries);
        }
    }

    /// Fills a row, from the outermost of `axes` on.
    #[inline]
    fn row<T: Copy + Default>(
        &self,
        source: &[T],
        offset: isize,
        axes: &[PatchAxis],
        positions: &[isize],
        out: &mut [T],
    ) {
        match (axes, positions) {
            ([axis], [position]) => self.run(source, offset, axis, *position, out),
            ([axis, inner @ ..], [position, rest @ ..]) => {
                let length = out.len() / axis.inner.count;
                let mut position = *position;
                for out in out.chunks_exact_mut(length) {
                    match axis.window.at(position, axis.extent) {
                        Some(element) => {
                            let offset = offset + element.cast_signed() * axis.stride;
                            self.row(source, offset, inner, rest, out);
                        }
                        None => out.fill(T::default()),
                    }
                    position += axis.inner.step.cast_signed();
                }
            }
            _ => self.features(source, offset, out),
        }
    }

    /// Fills a part of a row along the last spatial axis.
    #[inline]
    fn run<T: Copy + Default>(
        &self,
        source: &[T],
        offset: isize,
        axis: &PatchAxis,
        position: isize,
        out: &mut [T],
    ) {
        let (features, step) = (self.minor.0, axis.inner.step.cast_signed());
        if axis.window.base_dilation > 1 {
            let mut position = position;
            for out in out.chunks_exact_mut(features) {
                match axis.window.at(position, axis.extent) {
                    Some(element) => self.features(source, offset + element.cast_signed() * axis.stride, out),
                    None => out.fill(T::default()),
                }
                position += step;
            }
            return;
        }
        // The elements that are not padding are one range of the inner index.
        let count = axis.inner.count.cast_signed();
        let from_zero = |distance: isize| {
            if distance <= 0 { 0 } else { (distance + step - 1) / step }
        };
        let begin = from_zero(-position).min(count);
        let end = from_zero(axis.extent.cast_signed() - position).clamp(begin, count);
        let (before, rest) = out.split_at_mut(begin.cast_unsigned() * features);
        let (inside, after) = rest.split_at_mut((end - begin).cast_unsigned() * features);
        before.fill(T::default());
        after.fill(T::default());
        if inside.is_empty() {
            return;
        }
        let stride = step * axis.stride;
        let mut offset = offset + (position + begin * step) * axis.stride;
        if self.minor.1 == 1 && stride == features.cast_signed() {
            inside.copy_from_slice(&source[offset.cast_unsigned()..][..inside.len()]);
        } else if features == 1 {
            for out in inside {
                *out = source[offset.cast_unsigned()];
                offset += stride;
            }
        } else {
            for out in inside.chunks_exact_mut(features) {
                self.features(source, offset, out);
                offset += stride;
            }
        }
    }

    /// Copies the features of one position.
    #[inline]
    fn features<T: Copy>(&self, source: &[T], offset: isize, out: &mut [T]) {
        if self.minor.1 == 1 {
            out.copy_from_slice(&source[offset.cast_unsigned()..][..out.len()]);
            return;
        }
        let mut offset = offset;
        for out in out {
            *out = source[offset.cast_unsigned()];
            offset += self.minor.1;
        }
    }
}
