//! Sliding-window reductions along one or two axes of an image. Knows slices and extents; nothing of graphs, buffers or
//! threads.

use smallvec::SmallVec;

use crate::graph::op::Reduction;
use crate::memory::exhausted::push;
use crate::window::{Inside, WindowAxis};

use super::folds::{Folds, Taps};

/// A sliding-window reduction of images `[rows, between, extent, inner]`, along `rows` and along `extent`.
#[derive(Debug)]
pub(crate) struct Plane {
    kind: Reduction,
    /// The window along the rows.
    by: WindowAxis,
    rows: usize,
    between: usize,
    /// Elements of a row `[extent, inner]`, and of a row of the result.
    row: usize,
    result_row: usize,
    /// Windows along the rows.
    row_places: usize,
    inner: usize,
    runs: SmallVec<[Run; 3]>,
    /// True if no element is in two windows of a row of the result.
    is_once: bool,
}

/// Neighbouring windows with the same number of taps inside the image.
#[derive(Debug)]
struct Run {
    /// Offset in a row of the first tap of each window.
    starts: Vec<usize>,
    taps: Taps,
}

/// The invariant of every window.
const FITS: &str = "type inference has checked the windows";

impl Plane {
    /// For an operand of `shape` whose windows move along `axes`, one or two axes. Type inference has checked that the
    /// windows fit.
    pub(crate) fn new(kind: Reduction, shape: &[usize], windows: &[WindowAxis], axes: &[usize]) -> Self {
        let (last, first) = match axes {
            [first, last, ..] => (*last, Some(*first)),
            [only] => (*only, None),
            [] => unreachable!("the windows of a plane move along one or two axes"),
        };
        let across = windows[last];
        let (extent, inner) = (shape[last], shape[last + 1..].iter().product());
        let (by, rows, between) = match first {
            Some(first) => (windows[first], shape[first], shape[first + 1..last].iter().product()),
            None => (WindowAxis::new(1), 1, 1),
        };
        let places = across.places(extent).expect(FITS);
        let mut runs: SmallVec<[Run; 3]> = SmallVec::new();
        for place in 0..places {
            // A window without a tap inside the image starts at 0: its taps are never read.
            let Inside { element: start, element_step, count, .. } = across.inside(place, extent);
            let step = if count > 1 { element_step * inner } else { 0 };
            let taps = Taps { inner, step, size: count };
            match runs.last_mut().filter(|run| run.taps == taps) {
                Some(run) => push(&mut run.starts, start * inner),
                None => runs.push(Run { starts: vec![start * inner], taps }),
            }
        }
        let taps: usize = runs.iter().map(|run| run.starts.len() * run.taps.size).sum();
        Self {
            kind,
            by,
            rows,
            between,
            row: extent * inner,
            result_row: places * inner,
            row_places: by.places(rows).expect(FITS),
            inner,
            runs,
            is_once: taps <= extent,
        }
    }

    /// Elements of an image.
    pub(crate) fn size(&self) -> usize {
        self.rows * self.between * self.row
    }

    /// Elements of an image's result.
    pub(crate) fn result_size(&self) -> usize {
        self.row_places * self.between * self.result_row
    }

    /// Cost of an image in additions.
    pub(crate) fn cost(&self) -> usize {
        let across: usize = self.runs.iter().map(|run| run.starts.len() * run.taps.size * self.inner).sum();
        (self.row_places * self.between).saturating_mul(self.row * self.by.size.min(self.rows) + across)
    }

    /// Reduces one image.
    pub(crate) fn reduce<T: Folds>(&self, elements: &[T], result: &mut [T]) {
        if elements.is_empty() || self.result_row == 0 {
            return result.fill(T::start(self.kind));
        }
        let mut sums = None;
        for (place, result) in result.chunks_exact_mut(self.result_row).enumerate() {
            let (place, offset) = (place / self.between, place % self.between);
            let inside = self.by.inside(place, self.rows).elements();
            let start = |element: usize| (element * self.between + offset) * self.row;
            let rows: SmallVec<[&[T]; 4]> =
                inside.map(|element| &elements[start(element)..][..self.row]).collect();
            match &rows[..] {
                [] => result.fill(T::start(self.kind)),
                [first, others @ ..] if !others.is_empty() && !self.is_once => {
                    // The rows are reduced first, because several windows read each column.
                    let sums = sums.get_or_insert_with(|| T::pool().take(self.row));
                    sums.copy_from_slice(first);
                    for row in others {
                        T::vertical(self.kind, sums, row);
                    }
                    self.along(&[sums], result);
                }
                rows => self.along(rows, result),
            }
        }
    }

    /// Reduces the rows under one row of windows to a row of the result.
    fn along<T: Folds>(&self, rows: &[&[T]], result: &mut [T]) {
        let mut rest = result;
        for run in &self.runs {
            let (now, later) = rest.split_at_mut(run.starts.len() * self.inner);
            rest = later;
            if run.taps.size == 0 {
                now.fill(T::start(self.kind));
            } else {
                T::moving(self.kind, rows, &run.starts, run.taps, now);
            }
        }
    }
}
