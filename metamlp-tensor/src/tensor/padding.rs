//! Padding, and the window settings of convolutions and poolings before they are checked.

use crate::error::{Error, argument};
use crate::graph::source::Source;
use crate::window::WindowAxis;

/// Padding of the axes that a window moves along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// No padding: every window lies inside the operand.
    #[default]
    Valid,
    /// Padding for `⌈extent / stride⌉` windows. If it is odd, the extra element is added at the end.
    Same,
    /// (before, after) for each axis. Negative amounts cut elements off.
    Explicit(Vec<(isize, isize)>),
}

impl Padding {
    /// (before, after) for each axis. `reaches` are the extents of the dilated window.
    fn amounts(&self, extents: &[usize], reaches: &[usize], strides: &[usize]) -> Vec<(isize, isize)> {
        match self {
            Self::Valid => vec![(0, 0); extents.len()],
            Self::Explicit(amounts) => amounts.clone(),
            Self::Same => extents
                .iter()
                .zip(reaches)
                .zip(strides)
                .map(|((&extent, &reach), &stride)| {
                    let places = extent.div_ceil(stride.max(1));
                    let covered = places.saturating_mul(stride).saturating_add(reach).saturating_sub(stride);
                    let total = covered.saturating_sub(extent).cast_signed();
                    (total / 2, total - total / 2)
                })
                .collect(),
        }
    }
}

impl From<Vec<(isize, isize)>> for Padding {
    fn from(amounts: Vec<(isize, isize)>) -> Self {
        Self::Explicit(amounts)
    }
}

impl<const N: usize> From<[(isize, isize); N]> for Padding {
    fn from(amounts: [(isize, isize); N]) -> Self {
        Self::Explicit(amounts.to_vec())
    }
}

/// The window settings of a caller, each with the name of its argument for error messages. An empty list stands for 1 on
/// every axis.
pub(super) struct Movement<'a> {
    pub(super) op: &'static str,
    /// The name of the axes in error messages.
    pub(super) axes: &'static str,
    pub(super) strides: (&'static str, &'a [usize]),
    pub(super) padding: &'a Padding,
    pub(super) base_dilations: (&'static str, &'a [usize]),
    pub(super) window_dilations: (&'static str, &'a [usize]),
}

impl Movement<'_> {
    /// Checks the settings and returns the window of each axis.
    #[track_caller]
    pub(super) fn windows(
        &self,
        extents: &[usize],
        sizes: (&'static str, &[usize]),
    ) -> Result<Vec<WindowAxis>, Error> {
        let rank = extents.len();
        if sizes.1.len() != rank {
            return Err(self.wrong_number(sizes.0, &sizes.1, rank));
        }
        let strides = self.each(self.strides, rank)?;
        let base_dilations = self.each(self.base_dilations, rank)?;
        let window_dilations = self.each(self.window_dilations, rank)?;
        let reach = |axis: usize| {
            sizes.1[axis].saturating_sub(1).saturating_mul(window_dilations[axis]).saturating_add(1)
        };
        let reaches: Vec<usize> = (0..rank).map(reach).collect();
        let padding = self.padding.amounts(extents, &reaches, &strides);
        if padding.len() != rank {
            return Err(self.wrong_number("padding", &padding, rank));
        }
        let window = |axis: usize| WindowAxis {
            size: sizes.1[axis],
            stride: strides[axis],
            low: padding[axis].0,
            high: padding[axis].1,
            base_dilation: base_dilations[axis],
            window_dilation: window_dilations[axis],
        };
        Ok((0..rank).map(window).collect())
    }

    #[track_caller]
    fn each(&self, (name, values): (&'static str, &[usize]), rank: usize) -> Result<Vec<usize>, Error> {
        if values.is_empty() {
            return Ok(vec![1; rank]);
        }
        if values.len() != rank {
            return Err(self.wrong_number(name, &values, rank));
        }
        if values.contains(&0) {
            let expected = format!("1 or more on each of the {}", self.axes);
            return Err(argument(self.op, name, format!("{values:?}"), expected, Source::here()));
        }
        Ok(values.to_vec())
    }

    #[track_caller]
    fn wrong_number(&self, name: &'static str, found: &impl std::fmt::Debug, rank: usize) -> Error {
        let expected = format!("one for each of the {rank} {}", self.axes);
        argument(self.op, name, format!("{found:?}"), expected, Source::here())
    }
}
