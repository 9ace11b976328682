//! The gradient of a convolution's kernel: for each tap and column, a sum over all places of all images, computed in
//! registers, one block of places at a time.

use std::fmt;

use rayon::prelude::*;

use crate::embedded::contraction::factors::PARALLEL_FLOPS;
use crate::embedded::slices::load;
use crate::embedded::slices::view::{View, merged};
use crate::memory::buffer::Buffer;
use crate::window::WindowAxis;

use super::bands::{Bands, Limits, Reach};
use super::registers::Registers;
use super::{MOST_PARTIAL, PARTS};

/// Most elements of a block of the operand.
const BLOCK: usize = 1 << 15;
/// Most places of a block: their factors for one panel fill the L1 cache.
const PLACES: usize = 400;

/// A convolution whose windows are the places of another convolution, and which sums over a batch.
pub(super) struct KernelGradient {
    bands: Bands,
    factors: Factors,
    groups: usize,
    /// The extents of the result besides the groups: taps, features and columns.
    taps: usize,
    features: usize,
    out: usize,
}

/// The elements of the kernel, `[batch, places, groups, out]`: an offset and a stride for each axis.
struct Factors {
    /// The view that is copied if the elements are not in that order.
    packed: Option<View>,
    offset: usize,
    batch: usize,
    place: usize,
    group: usize,
}

impl KernelGradient {
    /// `None` if the bands of the operand would be too large.
    pub(super) fn new(operand: &View, kernel: &View, windows: &[WindowAxis], taps: &[usize]) -> Option<Self> {
        let spatial = windows.len();
        let axes: Vec<Reach> = windows.iter().zip(taps).map(|(window, &taps)| reach(window, taps)).collect();
        let limits = Limits { elements: BLOCK, places: PLACES };
        Some(Self {
            bands: Bands::new(operand, windows, &axes, true, limits)?,
            factors: Factors::new(kernel),
            groups: kernel.shape[spatial],
            taps: taps.iter().product(),
            features: operand.shape[0],
            out: kernel.shape[spatial + 2],
        })
    }

    pub(super) fn run<T: Registers>(&self, operand: &Buffer, kernel: &Buffer, result: &mut [T]) {
        let operand: &[T] = operand.elements();
        let packed = self.factors.pack::<T>(kernel);
        let factors: &[T] = packed.as_ref().unwrap_or(kernel).elements();
        let size = self.bands.depth() * self.panels::<T>() * T::PANEL;
        let length = self.groups * size;
        let blocks = self.bands.blocks();
        let parts = blocks.min(PARTS).min(MOST_PARTIAL / length).max(1);
        let together = blocks.div_ceil(parts);
        let parts = blocks.div_ceil(together);
        let mut sums = T::pool().take(parts * length);
        let part = |(number, sums): (usize, &mut [T])| {
            sums.fill(T::default());
            let mut scratch = T::pool().take(self.bands.scratch());
            let mut panel = T::pool().take(self.bands.most_places() * T::PANEL);
            for block in number * together..blocks.min((number + 1) * together) {
                for (group, sums) in sums.chunks_exact_mut(size).enumerate() {
                    self.block(operand, factors, (block, group), &mut scratch, &mut panel, sums);
                }
            }
        };
        let flops = (2 * length).saturating_mul(self.bands.all_places());
        if flops > PARALLEL_FLOPS && rayon::current_num_threads() > 1 {
            sums.par_chunks_mut(length).enumerate().for_each(part);
        } else {
            sums.chunks_mut(length).enumerate().for_each(part);
        }
        self.add_parts(&sums, length, result);
    }

    fn panels<T: Registers>(&self) -> usize {
        self.out.div_ceil(T::PANEL)
    }

    fn block<T: Registers>(
        &self,
        operand: &[T],
        factors: &[T],
        (block, group): (usize, usize),
        scratch: &mut [T],
        packed: &mut [T],
        sums: &mut [T],
    ) {
        let reads = self.bands.fill(operand, group, block, scratch);
        let (first, places) = (self.bands.first_place(block), self.bands.places(block));
        let of_image = self.bands.places_of_image();
        let size = self.bands.depth() * T::PANEL;
        let place = |number: usize| {
            let (image, place) = (number / of_image, number % of_image);
            let Factors { offset, batch, group: step, place: stride, .. } = self.factors;
            offset + image * batch + place * stride + group * step
        };
        let is_even =
            first % of_image + places <= of_image || self.factors.batch == of_image * self.factors.place;
        for (number, sums) in sums.chunks_exact_mut(size).enumerate() {
            let before = number * T::PANEL;
            let columns = T::PANEL.min(self.out - before);
            if columns == T::PANEL && is_even {
                T::correlate(reads, &factors[place(first) + before..], self.factors.place, sums);
                continue;
            }
            for (number, panel) in packed.chunks_exact_mut(T::PANEL).take(places).enumerate() {
                let (panel, rest) = panel.split_at_mut(columns);
                panel.copy_from_slice(&factors[place(first + number) + before..][..columns]);
                rest.fill(T::default());
            }
            T::correlate(reads, packed, T::PANEL, sums);
        }
    }

    /// From `[part, group, panel, (taps, features), PANEL]` to `[features, taps, groups, out]`.
    fn add_parts<T: Registers>(&self, sums: &[T], length: usize, result: &mut [T]) {
        let depth = self.bands.depth();
        for (number, result) in result.chunks_exact_mut(self.out).enumerate() {
            let (group, rest) = (number % self.groups, number / self.groups);
            let (tap, feature) = (rest % self.taps, rest / self.taps);
            for (panel, result) in result.chunks_mut(T::PANEL).enumerate() {
                let panel = group * self.panels::<T>() + panel;
                let row = (panel * depth + tap * self.features + feature) * T::PANEL;
                result.copy_from_slice(&sums[row..][..result.len()]);
                for part in sums.chunks_exact(length).skip(1) {
                    for (result, &sum) in result.iter_mut().zip(&part[row..]) {
                        *result = *result + sum;
                    }
                }
            }
        }
    }
}

/// The reach of the taps over the windows of the gradient.
fn reach(window: &WindowAxis, taps: usize) -> Reach {
    Reach { places: window.size, stride: window.window_dilation, taps, dilation: window.stride }
}

impl Factors {
    /// The factors of a kernel `[places.., groups, batch, out]`.
    fn new(kernel: &View) -> Self {
        let spatial = kernel.shape.len() - 3;
        let order: Vec<usize> = [spatial + 1].into_iter().chain(0..=spatial).chain([spatial + 2]).collect();
        let view = kernel.transpose(&order);
        Self::in_order(&view, spatial).unwrap_or_else(|| {
            let places: usize = view.shape[1..=spatial].iter().product();
            let (groups, out) = (view.shape[spatial + 1], view.shape[spatial + 2]);
            let place = groups * out;
            Self { packed: Some(view), offset: 0, batch: places * place, place, group: out }
        })
    }

    /// The factors in place, if the factors of a place are contiguous and all places have one stride.
    fn in_order(view: &View, spatial: usize) -> Option<Self> {
        let stride = |axis: usize| match view.shape[axis] {
            1 => Some(0),
            _ => usize::try_from(view.strides[axis]).ok(),
        };
        let place = match merged(&view.shape[1..=spatial], &view.strides[1..=spatial])[..] {
            [] => 0,
            [(_, stride)] => usize::try_from(stride).ok()?,
            _ => return None,
        };
        let is_dense = view.shape[spatial + 2] == 1 || view.strides[spatial + 2] == 1;
        is_dense.then_some(Self {
            packed: None,
            offset: usize::try_from(view.offset).ok()?,
            batch: stride(0)?,
            place,
            group: stride(spatial + 1)?,
        })
    }

    fn pack<T: Registers>(&self, buffer: &Buffer) -> Option<Buffer> {
        let view = self.packed.as_ref()?;
        let mut packed = T::pool().take(view.size());
        let pattern = load::pattern(&view.shape[1..], &view.strides);
        load::gather(buffer.elements::<T>(), view.offset, &pattern, view.shape[0], &mut packed);
        Some(Buffer::from_vec(packed))
    }
}

impl fmt::Display for KernelGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gradient of a kernel, {} by {}", self.bands, self.out)?;
        if self.groups > 1 {
            write!(f, ", {} groups", self.groups)?;
        }
        Ok(())
    }
}
