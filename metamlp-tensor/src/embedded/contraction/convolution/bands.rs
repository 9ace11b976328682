//! The operand of a direct convolution, cut into bands. A band holds the elements under the windows of neighbouring
//! places, copied together with their padding. Knows views; nothing of threads.
//!
//! A place is a position of the window; a tap is a position in the window.

use std::fmt;

use crate::embedded::slices::view::View;
use crate::window::WindowAxis;

use super::patches::{Patches, Walk};
use super::registers::{Reads, SLACK};

/// The places of a convolution in blocks, and the bands under them.
#[derive(Debug)]
pub(super) struct Bands {
    patches: Patches,
    /// Elements of one band.
    size: usize,
    /// Bands of a block; more than one only if an image has a single band.
    together: usize,
    /// Bands of an image.
    bands: usize,
    images: usize,
    /// Places of an image.
    places: usize,
    /// Places of each band of an image except the last.
    band_places: usize,
    /// Offset in the bands of the window of each place of a full block.
    starts: Vec<usize>,
    /// Offset in a window of each run of neighbouring taps.
    runs: Vec<usize>,
    /// Elements of a run: taps and features.
    length: usize,
}

/// Limits on the length of a band.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Most elements of a band with more than one row of places.
    pub(super) elements: usize,
    /// Most places of a band with more than one row of places.
    pub(super) places: usize,
}

/// Fewest places of a block that pay for its loops.
const FEW_PLACES: usize = 64;
/// Most elements of a band; beyond them another method is used.
const MOST_ELEMENTS: usize = 1 << 22;

/// The extents of a window on one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Number of places.
    pub(super) places: usize,
    /// Positions from one place to the next.
    pub(super) stride: usize,
    /// Number of taps.
    pub(super) taps: usize,
    /// Positions from one tap to the next.
    pub(super) dilation: usize,
}

impl Reach {
    /// Positions under the windows of this many places.
    fn over(self, places: usize) -> usize {
        places.saturating_sub(1) * self.stride + (self.taps - 1) * self.dilation + 1
    }
}

impl Bands {
    /// The bands of an operand `[batch, spatial.., groups, features]` with at least one place and one tap; if `by_window`,
    /// batch and features are swapped. `None` if it has no spatial axis or a band would be too large.
    pub(super) fn new(
        view: &View,
        windows: &[WindowAxis],
        axes: &[Reach],
        by_window: bool,
        limits: Limits,
    ) -> Option<Self> {
        let (first, others) = axes.split_first()?;
        let (images, features) = (view.shape[0], view.shape[axes.len() + 2]);
        let (images, features) = if by_window { (features, images) } else { (images, features) };
        let inner =
            others.iter().try_fold(features, |size, axis| size.checked_mul(axis.over(axis.places)))?;
        let row_places: usize = others.iter().map(|axis| axis.places).product();
        let size = |rows: usize| first.over(rows).saturating_mul(inner);
        let fits = |rows: usize| size(rows) <= limits.elements && rows * row_places <= limits.places;
        // The most rows that fit, by halving: more rows never fit where fewer do not.
        let (mut most, mut beyond) = (1, first.places + 1);
        while beyond - most > 1 {
            let rows = most + (beyond - most) / 2;
            if fits(rows) {
                most = rows;
            } else {
                beyond = rows;
            }
        }
        // Bands of about equal length.
        let bands = first.places.div_ceil(most);
        let rows = first.places.div_ceil(bands);
        let bands = first.places.div_ceil(rows);
        let size = size(rows);
        if size > MOST_ELEMENTS {
            return None;
        }
        let together = if bands > 1 {
            1
        } else {
            let few = FEW_PLACES.div_ceil(rows * row_places);
            few.min((limits.elements / size).max(1)).min(images).max(1)
        };
        let reaches: Vec<usize> = std::iter::once(first.over(rows))
            .chain(others.iter().map(|axis| axis.over(axis.places)))
            .collect();
        let blocks = Walk { count: bands, step: rows * first.stride };
        // Elements from one position to the next, on each axis.
        let mut steps = vec![features; axes.len()];
        for axis in (1..axes.len()).rev() {
            steps[axis - 1] = steps[axis] * reaches[axis];
        }
        let starts = |extents: &[usize], strides: &dyn Fn(usize) -> usize| {
            let mut starts = vec![0];
            for (axis, &extent) in extents.iter().enumerate() {
                let step = strides(axis);
                starts =
                    starts.iter().flat_map(|&start| (0..extent).map(move |i| start + i * step)).collect();
            }
            starts
        };
        let extents: Vec<usize> =
            [together, rows].into_iter().chain(others.iter().map(|axis| axis.places)).collect();
        let starts_of_places = starts(&extents, &|axis| match axis {
            0 => size,
            _ => axes[axis - 1].stride * steps[axis - 1],
        });
        // Without dilation, the taps of the last axis are one run.
        let mut taps: Vec<usize> = axes.iter().map(|axis| axis.taps).collect();
        let mut length = features;
        if axes[axes.len() - 1].dilation == 1 {
            length *= taps.pop().expect("there is a spatial axis");
        }
        let runs = starts(&taps, &|axis| axes[axis].dilation * steps[axis]);
        Some(Self {
            patches: Patches::bands(view, windows, blocks, &reaches, by_window),
            size,
            together,
            bands,
            images,
            places: first.places * row_places,
            band_places: rows * row_places,
            starts: starts_of_places,
            runs,
            length,
        })
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.images.div_ceil(self.together) * self.bands
    }

    /// The first place of a block, counted over all images.
    pub(super) fn first_place(&self, block: usize) -> usize {
        let (image, band) = (block / self.bands * self.together, block % self.bands);
        image.min(self.images) * self.places + band * self.band_places
    }

    /// Places of a block.
    pub(super) fn places(&self, block: usize) -> usize {
        self.first_place(block + 1) - self.first_place(block)
    }

    /// Every block ends after a multiple of this many places.
    pub(super) fn unit(&self) -> usize {
        if self.bands == 1 {
            return self.places;
        }
        let (mut a, mut b) = (self.places, self.band_places);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    }

    /// Places of an image.
    pub(super) fn places_of_image(&self) -> usize {
        self.places
    }

    /// Places of all images.
    pub(super) fn all_places(&self) -> usize {
        self.images * self.places
    }

    /// Places of a full block.
    pub(super) fn most_places(&self) -> usize {
        self.starts.len()
    }

    /// Elements of the memory for the bands of a block.
    pub(super) fn scratch(&self) -> usize {
        self.size * self.together + SLACK
    }

    /// Taps times features.
    pub(super) fn depth(&self) -> usize {
        self.runs.len() * self.length
    }

    /// Copies the bands of a block to `scratch`.
    pub(super) fn fill<'a, T: Copy + Default>(
        &'a self,
        source: &[T],
        group: usize,
        block: usize,
        scratch: &'a mut [T],
    ) -> Reads<'a, T> {
        let first = block / self.bands * self.together;
        let count = self.together.min(self.images - first);
        self.patches.fill(
            source,
            group,
            block % self.bands + first * self.bands,
            &mut scratch[..count * self.size],
        );
        Reads {
            band: scratch,
            starts: &self.starts[..self.places(block)],
            runs: &self.runs,
            length: self.length,
        }
    }
}

impl fmt::Display for Bands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks = self.blocks();
        write!(f, "{} places ({blocks} blocks) by {} taps", self.all_places(), self.depth())
    }
}
