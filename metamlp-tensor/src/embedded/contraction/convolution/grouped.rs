//! Convolutions with many groups of few features, such as depthwise ones: for each window, a sum of products of vectors
//! with one element per group.

use std::fmt;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::math::arithmetic::Arithmetic;
use crate::math::simd::simd;
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::window::WindowAxis;

use crate::embedded::contraction::factors::PARALLEL_FLOPS;
use crate::embedded::slices::load;
use crate::embedded::slices::view::View;

/// Most products that are added to a vector of sums while it is in registers.
const TOGETHER: usize = 256;
/// Sums that are computed side by side.
const LANES: usize = 16;

/// A convolution whose groups are contiguous in both operands.
pub(super) struct Grouped {
    operand: Operand,
    /// `[spatial.., in, out, groups]`.
    kernel: Operand,
    windows: Vec<WindowAxis>,
    places: Vec<usize>,
    groups: usize,
    features: usize,
    out: usize,
}

/// An operand with contiguous groups, copied if they are not contiguous in its buffer.
struct Operand {
    view: View,
    /// The view of the buffer that is copied.
    packed: Option<View>,
}

impl Grouped {
    /// True if a matrix product would do more than twice the work.
    pub(super) fn fits(operand: &View, kernel: &View) -> bool {
        let rank = operand.shape.len();
        operand.shape[rank - 2] >= LANES / 2 && kernel.shape[rank - 1] < 4
    }

    pub(super) fn new(operand: &View, kernel: &View, windows: &[WindowAxis], places: &[usize]) -> Self {
        let spatial = windows.len();
        Self {
            groups: operand.shape[spatial + 1],
            features: operand.shape[spatial + 2],
            out: kernel.shape[spatial + 2],
            operand: Operand::new(operand, spatial + 1),
            kernel: Operand::new(kernel, spatial),
            windows: windows.to_vec(),
            places: places.to_vec(),
        }
    }

    pub(super) fn run<T: GroupVectors>(&self, operand: &Buffer, kernel: &Buffer, result: &mut [T]) {
        let (operand_packed, kernel_packed) =
            (self.operand.pack::<T>(operand), self.kernel.pack::<T>(kernel));
        let operand = operand_packed.as_ref().unwrap_or(operand).elements();
        let kernel = kernel_packed.as_ref().unwrap_or(kernel).elements();
        // Products with padding are skipped, unless a weight is infinite or NaN: 0 times it is NaN.
        let is_finite = kernel.iter().all(|weight: &T| weight.to_f64().is_finite());
        let outside = (!is_finite).then_some(operand.len());
        let padded = outside.map(|length| {
            let mut padded = T::pool().take(length + self.groups);
            let (elements, zeros) = padded.split_at_mut(length);
            elements.copy_from_slice(operand);
            zeros.fill(T::default());
            padded
        });
        let operand = padded.as_deref().unwrap_or(operand);
        let width = self.groups * self.out;
        let taps: usize = self.windows.iter().map(|window| window.size).product();
        let place = |(number, result): (usize, &mut [T])| {
            self.place((operand, outside), kernel, number, result);
        };
        let flops = (2 * result.len()).saturating_mul(taps).saturating_mul(self.features);
        if flops > PARALLEL_FLOPS {
            let together = (PARALLEL_FLOPS / 8 / (2 * width * taps * self.features)).max(1);
            result.par_chunks_mut(width).enumerate().with_min_len(together).for_each(place);
        } else {
            result.chunks_mut(width).enumerate().for_each(place);
        }
    }

    /// The sums `[groups, out]` of one window. `outside` is the offset in `operand` of zeros that stand for padding;
    /// without it, padding is skipped.
    fn place<T: GroupVectors>(
        &self,
        (operand, outside): (&[T], Option<usize>),
        kernel: &[T],
        number: usize,
        result: &mut [T],
    ) {
        let (x, w) = (&self.operand.view, &self.kernel.view);
        let spatial = self.windows.len();
        let mut batch = number;
        let mut taps: SmallVec<[Taps; 3]> = SmallVec::from_elem(Taps::new(), spatial);
        for axis in (0..spatial).rev() {
            let (window, extent) = (&self.windows[axis], x.shape[axis + 1]);
            let place = batch % self.places[axis];
            batch /= self.places[axis];
            taps[axis].extend((0..window.size).filter_map(|tap| {
                let element = window.element(place, tap, extent);
                let element = element.map(|element| element.cast_signed() * x.strides[axis + 1]);
                let counts = element.is_some() || outside.is_some();
                counts.then(|| (element, tap.cast_signed() * w.strides[axis]))
            }));
        }
        let from = x.offset + batch.cast_signed() * x.strides[0];
        let sum = |out: usize, sums: &mut [T]| {
            sums.fill(T::default());
            let mut sum = Sum { sums, operand, outside, kernel, pairs: SmallVec::new() };
            self.walk(&taps, Some(from), w.offset + out.cast_signed() * w.strides[spatial + 2], &mut sum);
            sum.add();
        };
        if self.out == 1 {
            return sum(0, result);
        }
        let mut sums = vec![T::default(); self.groups];
        for out in 0..self.out {
            sum(out, &mut sums);
            for (result, &sum) in result[out..].iter_mut().step_by(self.out).zip(&sums) {
                *result = sum;
            }
        }
    }

    /// Gives every pair of vectors under the window to `sum`.
    fn walk<T: GroupVectors>(
        &self,
        taps: &[Taps],
        mut from: Option<isize>,
        mut by: isize,
        sum: &mut Sum<'_, T>,
    ) {
        if let [first, rest @ ..] = taps {
            for &(element, tap) in first {
                self.walk(rest, from.zip(element).map(|(from, element)| from + element), by + tap, sum);
            }
            return;
        }
        let spatial = self.windows.len();
        for _ in 0..self.features {
            if sum.pairs.len() == TOGETHER {
                sum.add();
            }
            if let Some(from) = from.map(isize::cast_unsigned).or(sum.outside) {
                sum.pairs.push((from, by.cast_unsigned()));
            }
            from = from.map(|from| from + self.operand.view.strides[spatial + 2]);
            by += self.kernel.view.strides[spatial + 1];
        }
    }
}

/// The taps of a window on one axis: their offset in the operand, `None` in the padding, and in the kernel.
type Taps = SmallVec<[(Option<isize>, isize); 8]>;

/// Sums, and the products that are still to be added.
struct Sum<'a, T> {
    sums: &'a mut [T],
    operand: &'a [T],
    /// Offset in `operand` of zeros that stand for padding.
    outside: Option<usize>,
    kernel: &'a [T],
    pairs: SmallVec<[(usize, usize); TOGETHER]>,
}

impl<T: GroupVectors> Sum<'_, T> {
    fn add(&mut self) {
        T::add_products(self.sums, self.operand, self.kernel, &self.pairs);
        self.pairs.clear();
    }
}

impl Operand {
    fn new(view: &View, groups: usize) -> Self {
        if view.strides[groups] == 1 {
            return Self { view: view.clone(), packed: None };
        }
        // Copy with the groups as the last axis, then view the copy with the groups at their old position.
        let rank = view.shape.len();
        let order: Vec<usize> = (0..rank).filter(|&axis| axis != groups).chain([groups]).collect();
        let packed = view.transpose(&order);
        let back: Vec<usize> = (0..groups).chain([rank - 1]).chain(groups..rank - 1).collect();
        Self { view: View::contiguous(&packed.shape).transpose(&back), packed: Some(packed) }
    }

    fn pack<T: Stored>(&self, buffer: &Buffer) -> Option<Buffer> {
        let view = self.packed.as_ref()?;
        let mut packed = T::pool().take(view.size());
        let pattern = load::pattern(&view.shape[1..], &view.strides);
        load::gather(buffer.elements::<T>(), view.offset, &pattern, view.shape[0], &mut packed);
        Some(Buffer::from_vec(packed))
    }
}

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taps: usize = self.windows.iter().map(|window| window.size).product();
        write!(
            f,
            "groups side by side, {} of {} features and {taps} taps by {}",
            self.groups, self.features, self.out
        )
    }
}

/// An element type with loops over groups.
pub(super) trait GroupVectors: Arithmetic + Stored {
    /// Adds to `sums` the products of the vectors that start at each pair of offsets in `x` and `w`.
    fn add_products(sums: &mut [Self], x: &[Self], w: &[Self], pairs: &[(usize, usize)]);
}

macro_rules! group_vectors {
    ($($number:ident in $module:ident;)*) => {$(
        mod $module {
            use super::*;

            simd! {
                pub(super) fn add_products(
                    sums: &mut [$number],
                    x: &[$number],
                    w: &[$number],
                    pairs: &[(usize, usize)],
                ) {
                    let (chunks, rest) = sums.as_chunks_mut::<LANES>();
                    let mut start = 0;
                    for chunk in chunks {
                        let mut lanes = *chunk;
                        for &(from, by) in pairs {
                            let (x, w) = (&x[from + start..][..LANES], &w[by + start..][..LANES]);
                            for ((lane, &x), &w) in lanes.iter_mut().zip(x).zip(w) {
                                *lane = x.mul_add(w, *lane);
                            }
                        }
                        *chunk = lanes;
                        start += LANES;
                    }
                    for &(from, by) in pairs {
                        for ((sum, &x), &w) in rest.iter_mut().zip(&x[from + start..]).zip(&w[by + start..]) {
                            *sum = x.mul_add(w, *sum);
                        }
                    }
                }
            }
        }

        impl GroupVectors for $number {
            fn add_products(sums: &mut [Self], x: &[Self], w: &[Self], pairs: &[(usize, usize)]) {
                $module::add_products(sums, x, w, pairs);
            }
        }
    )*};
}

group_vectors! {
    f32 in single;
    f64 in double;
}
