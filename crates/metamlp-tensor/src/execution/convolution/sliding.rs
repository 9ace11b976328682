//! Convolutions as windows that slide over the operand: no matrix of patches
//! is made, a tile of places and columns is summed in registers. The gradient
//! of an operand is one as well.

use std::fmt;
use std::mem::take;

use rayon::prelude::*;

use crate::buffer::{Buffer, Storage};
use crate::execution::allocation::Allocation;
use crate::execution::epilogue::{Epilogue, Inputs, Parts};
use crate::execution::factors::PARALLEL_FLOPS;
use crate::execution::frame::Lane;
use crate::execution::view::View;
use crate::window::WindowAxis;

use super::bands::{Bands, Limits, Reach};
use super::registers::{Registers, Rows};

/// Elements of a block of the operand, and of the result: both in a second-level cache.
const BLOCK: usize = 1 << 15;

/// A convolution with its operand in bands and its kernel in panels of columns.
pub(super) struct Sliding {
    bands: Bands,
    /// `[spatial.., groups, features, out]`.
    kernel: View,
    groups: usize,
    out: usize,
}

impl Sliding {
    /// `None` if the operand has no bands of reasonable size.
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

    /// Every block of the result ends after a multiple of so many elements.
    pub(super) fn unit(&self) -> usize {
        self.bands.unit() * self.groups * self.out
    }

    /// Writes the result, unless only the epilogue needs it, and the epilogue's outputs.
    pub(super) fn run<T: Registers + Lane>(
        &self,
        operand: &Buffer,
        kernel: &Buffer,
        result: Option<&mut [T]>,
        epilogue: Option<(&Epilogue, &Inputs, &mut [Allocation])>,
    ) {
        let operand: &[T] = operand.as_slice().unwrap_or(&[]);
        let panels = self.panels(kernel.as_slice().unwrap_or(&[]));
        let width = self.groups * self.out;
        let lengths = || (0..self.bands.blocks()).map(|block| self.bands.places(block) * width);
        let mut rest = result;
        let mut blocks: Vec<Block<'_, T>> = lengths()
            .enumerate()
            .map(|(number, length)| {
                let own = rest.take().map(|elements| {
                    let (own, others) = elements.split_at_mut(length);
                    rest = Some(others);
                    own
                });
                Block { number, length, own, parts: Parts::new() }
            })
            .collect();
        let epilogue = epilogue.map(|(epilogue, inputs, allocations)| {
            for allocation in allocations {
                for (block, part) in blocks.iter_mut().zip(allocation.parts(lengths())) {
                    block.parts.push(part);
                }
            }
            (epilogue, inputs)
        });
        let work = |blocks: &mut [Block<'_, T>]| {
            let mut scratch = T::pool().take(self.bands.scratch());
            let most =
                if blocks.iter().all(|block| block.own.is_some()) { 0 } else { self.bands.most_places() };
            let mut unkept = T::pool().take(most * width);
            for block in blocks {
                let own = match &mut block.own {
                    Some(own) => own,
                    None => &mut unkept[..block.length],
                };
                self.block(operand, &panels, block.number, &mut scratch, own);
                if let Some((epilogue, inputs)) = epilogue {
                    let first = self.bands.first_place(block.number) * width;
                    epilogue.run(inputs, first, own, take(&mut block.parts));
                }
            }
        };
        let flops = 2 * lengths().sum::<usize>() * self.bands.depth();
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

    /// The kernel as `[groups, panels, taps and features, PANEL]`, filled up with zeros.
    fn panels<T: Registers>(&self, kernel: &[T]) -> Storage<T> {
        let spatial = self.kernel.shape.len() - 3;
        let strides = &self.kernel.strides;
        let of_group = self.out.div_ceil(T::PANEL);
        let size = self.bands.depth() * T::PANEL;
        let mut panels = T::pool().take(self.groups * of_group * size);
        // In the order of the rows of a panel, without the group.
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

/// A piece of work: some places, in what is kept of the result and in the
/// outputs of the epilogue.
struct Block<'a, T> {
    number: usize,
    /// Elements of the result.
    length: usize,
    own: Option<&'a mut [T]>,
    parts: Parts<'a>,
}

/// How a window moves over the places.
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
