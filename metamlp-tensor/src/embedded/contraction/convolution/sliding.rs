//! Direct convolution with windows that slide over the operand: a tile of places and columns is summed in registers, and no
//! matrix of patches is made. The gradient of an operand is such a convolution, too.

use std::fmt;
use std::mem::take;

use rayon::prelude::*;

use crate::embedded::contraction::epilogue::{Epilogue, Inputs, Parts};
use crate::embedded::contraction::factors::PARALLEL_FLOPS;
use crate::embedded::fused::allocation::{Allocation, Part};
use crate::embedded::slices::view::View;
use crate::memory::buffer::{Buffer, Storage};
use crate::window::WindowAxis;

use super::bands::{Bands, Limits, Reach};
use super::pooling::{Fill, Float, Pooling};
use super::registers::{Registers, Rows};

/// Elements of a block of the operand, and of the result: both fit in the L2 cache.
const BLOCK: usize = 1 << 15;

/// A convolution with its operand in bands and its kernel packed in panels of columns.
pub(super) struct Sliding {
    bands: Bands,
    /// `[spatial.., groups, features, out]`.
    kernel: View,
    groups: usize,
    out: usize,
}

impl Sliding {
    /// `None` if the bands of the operand would be too large.
    pub(super) fn new(
        operand: &View,
        kernel: &View,
        windows: &[WindowAxis],
        places: &[usize],
    ) -> Option<Self> {
        let spatial = windows.len();
        let axes: Vec<Reach> =
            windows.iter().zip(places).map(|(window, &places)| reach(window, places)).collect();
        let (groups, out) = (kernel.shape[spatial], kernel.shape[spatial + 2]);
        let limits = Limits { elements: BLOCK, places: BLOCK / (groups * out) };
        let bands = Bands::new(operand, windows, &axes, false, limits)?;
        Some(Self { bands, kernel: kernel.clone(), groups, out })
    }

    /// Every block of the result ends after a multiple of this many elements.
    pub(super) fn unit(&self) -> usize {
        self.bands.unit() * self.groups * self.out
    }

    /// The elements of the result of an image, if every block is a number of whole images.
    pub(super) fn image(&self) -> Option<usize> {
        let places = self.bands.places_of_image();
        (self.bands.unit() == places).then_some(places * self.groups * self.out)
    }

    /// Computes the result and the outputs of the kernels that follow. `result` is `None` if only those read it.
    pub(super) fn run<'a, T: Float>(
        &self,
        operand: &Buffer,
        kernel: &Buffer,
        result: Option<&'a mut [T]>,
        after: Option<After<'a, T>>,
    ) {
        let operand: &[T] = operand.elements();
        let panels = self.panels(kernel.elements());
        let width = self.groups * self.out;
        let lengths = || (0..self.bands.blocks()).map(|block| self.bands.places(block) * width);
        let mut blocks: Vec<Block<'_, T>> =
            lengths().enumerate().map(|(number, length)| Block::new(number, length)).collect();
        let kept = split(result, lengths());
        blocks.iter_mut().zip(kept).for_each(|(block, kept)| block.own = Some(kept));
        let after = after.map(|after| after.share_out(&mut blocks, lengths));
        let pooling = after.as_ref().and_then(|after| after.pooling);
        let most = self.bands.most_places() * width;
        let work = |blocks: &mut [Block<'_, T>]| {
            // Results that are not stored stay in these buffers.
            let needed = |is_needed: bool, length: usize| T::pool().take(if is_needed { length } else { 0 });
            let mut scratch = T::pool().take(self.bands.scratch());
            let mut unkept = needed(blocks.iter().any(|block| block.own.is_none()), most);
            let mut unpooled = needed(pooling.is_some_and(|pooling| pooling.unkept().is_some()), most);
            let mut pooled = needed(
                blocks.iter().any(|block| block.pooled.is_none()),
                pooling.map_or(0, |pooling| pooling.length(most)),
            );
            for block in blocks {
                let own = block.own.take().unwrap_or_else(|| &mut unkept[..block.length]);
                self.block(operand, &panels, block.number, &mut scratch, own);
                if let Some(after) = &after {
                    let first = self.bands.first_place(block.number) * width;
                    after.run(block, first, own, (&mut unpooled, &mut pooled));
                }
            }
        };
        let flops = (2 * lengths().sum::<usize>()).saturating_mul(self.bands.depth());
        let threads = rayon::current_num_threads();
        if flops > PARALLEL_FLOPS && threads > 1 {
            blocks.par_chunks_mut(self.bands.blocks().div_ceil(4 * threads)).for_each(work);
        } else {
            work(&mut blocks);
        }
    }

    fn block<T: Registers>(
        &self,
        operand: &[T],
        panels: &[T],
        block: usize,
        scratch: &mut [T],
        result: &mut [T],
    ) {
        let width = self.groups * self.out;
        let size = self.bands.depth() * T::PANEL;
        let panels_of_group = self.out.div_ceil(T::PANEL);
        for (group, panels) in panels.chunks_exact(size * panels_of_group).enumerate() {
            let reads = self.bands.fill(operand, group, block, scratch);
            for (number, panel) in panels.chunks_exact(size).enumerate() {
                let before = number * T::PANEL;
                let columns = T::PANEL.min(self.out - before);
                T::slide(reads, panel, result, Rows { width, first: group * self.out + before, columns });
            }
        }
    }

    /// The kernel packed as `[groups, panels, taps and features, PANEL]`, padded with zeros.
    fn panels<T: Registers>(&self, kernel: &[T]) -> Storage<T> {
        let spatial = self.kernel.shape.len() - 3;
        let strides = &self.kernel.strides;
        let of_group = self.out.div_ceil(T::PANEL);
        let size = self.bands.depth() * T::PANEL;
        let mut panels = T::pool().take(self.groups * of_group * size);
        // Offsets of the rows of a panel, without the group.
        let mut rows = vec![self.kernel.offset];
        for axis in (0..spatial).chain([spatial + 1]) {
            let steps = (0..self.kernel.shape[axis].cast_signed()).map(|i| i * strides[axis]);
            rows = rows.iter().flat_map(|&row| steps.clone().map(move |step| row + step)).collect();
        }
        let step = strides[spatial + 2];
        for (number, panel) in panels.chunks_exact_mut(size).enumerate() {
            let (group, first) = (number / of_group, number % of_group * T::PANEL);
            let columns = T::PANEL.min(self.out - first);
            let from = group.cast_signed() * strides[spatial] + first.cast_signed() * step;
            for (&row, panel) in rows.iter().zip(panel.chunks_exact_mut(T::PANEL)) {
                let (panel, rest) = panel.split_at_mut(columns);
                rest.fill(T::default());
                let mut place = row + from;
                if step == 1 {
                    panel.copy_from_slice(&kernel[place.cast_unsigned()..][..columns]);
                    continue;
                }
                for weight in panel {
                    *weight = kernel[place.cast_unsigned()];
                    place += step;
                }
            }
        }
        panels
    }
}

/// The kernels that follow a convolution, and the memory of their outputs.
pub(super) struct After<'a, T> {
    pub(super) epilogue: &'a Epilogue,
    pub(super) inputs: &'a Inputs,
    pub(super) allocations: &'a mut [Allocation],
    pub(super) pooled: Option<Fill<'a, T>>,
}

/// The kernels that follow a convolution. The memory of their outputs is shared out to the blocks.
struct Follow<'a> {
    epilogue: &'a Epilogue,
    inputs: &'a Inputs,
    pooling: Option<&'a Pooling>,
    then: Option<(&'a Epilogue, &'a Inputs)>,
}

impl<'a, T> After<'a, T> {
    /// Gives each block its parts of the memory.
    fn share_out<L: Iterator<Item = usize>>(
        self,
        blocks: &mut [Block<'a, T>],
        lengths: impl Fn() -> L,
    ) -> Follow<'a> {
        let pooling = self.pooled.as_ref().map(|pooled| pooled.pooling);
        let unkept = pooling.and_then(Pooling::unkept);
        for (number, allocation) in self.allocations.iter_mut().enumerate() {
            if Some(number) != unkept {
                let parts = allocation.parts(lengths());
                blocks.iter_mut().zip(parts).for_each(|(block, part)| block.parts.push(part));
            }
        }
        let mut then = None;
        if let Some(Fill { pooling, result, then: last }) = self.pooled {
            let lengths = || lengths().map(|length| pooling.length(length));
            let kept = split(result, lengths());
            blocks.iter_mut().zip(kept).for_each(|(block, kept)| block.pooled = Some(kept));
            if let Some((epilogue, inputs, allocations)) = last {
                for allocation in allocations {
                    let parts = allocation.parts(lengths());
                    blocks.iter_mut().zip(parts).for_each(|(block, part)| block.last.push(part));
                }
                then = Some((epilogue, inputs));
            }
        }
        Follow { epilogue: self.epilogue, inputs: self.inputs, pooling, then }
    }
}

impl Follow<'_> {
    /// Runs the kernels on the block that starts at element `first` and whose result is `own`.
    fn run<T: Float>(
        &self,
        block: &mut Block<'_, T>,
        first: usize,
        own: &[T],
        (unpooled, pooled): (&mut [T], &mut [T]),
    ) {
        let mut kept = take(&mut block.parts);
        let mut parts: Parts<'_> = kept.iter_mut().map(Part::reborrow).collect();
        let Some(pooling) = self.pooling else {
            return self.epilogue.run(self.inputs, first, own, parts);
        };
        if let Some(unkept) = pooling.unkept() {
            parts.insert(unkept, T::part(&mut unpooled[..block.length]));
        }
        self.epilogue.run(self.inputs, first, own, parts.iter_mut().map(Part::reborrow).collect());
        let pooled = block.pooled.take().unwrap_or_else(|| &mut pooled[..pooling.length(block.length)]);
        pooling.reduce(&parts, pooled);
        if let Some((epilogue, inputs)) = self.then {
            epilogue.run(inputs, pooling.length(first), pooled, take(&mut block.last));
        }
    }
}

/// Cuts the elements, if there are any, into parts of these lengths.
fn split<T>(
    elements: Option<&mut [T]>,
    lengths: impl Iterator<Item = usize>,
) -> impl Iterator<Item = &mut [T]> {
    let mut rest = elements;
    lengths.map_while(move |length| {
        let (now, later) = rest.take()?.split_at_mut(length);
        rest = Some(later);
        Some(now)
    })
}

/// A piece of work: a block of places, and the parts of all stored results that belong to it.
struct Block<'a, T> {
    number: usize,
    /// Elements of the result.
    length: usize,
    /// The convolution.
    own: Option<&'a mut [T]>,
    /// The outputs of the epilogue.
    parts: Parts<'a>,
    /// The pooling.
    pooled: Option<&'a mut [T]>,
    /// The outputs of the kernel behind the pooling.
    last: Parts<'a>,
}

impl<T> Block<'_, T> {
    fn new(number: usize, length: usize) -> Self {
        Self { number, length, own: None, parts: Parts::new(), pooled: None, last: Parts::new() }
    }
}

/// The reach of a window over the places.
fn reach(window: &WindowAxis, places: usize) -> Reach {
    Reach { places, stride: window.stride, taps: window.size, dilation: window.window_dilation }
}

impl fmt::Display for Sliding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sliding windows, {} by {}", self.bands, self.out)?;
        if self.groups > 1 {
            write!(f, ", {} groups", self.groups)?;
        }
        Ok(())
    }
}
