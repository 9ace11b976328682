//! Padding of a convolution's input.

use std::fmt;

use metamlp_tensor::{Error, I32, Tensor};

use crate::argument::invalid;

/// Padding of the spatial axes of a convolution's input.
///
/// ```
/// use metamlp::prelude::*;
/// let by_axis = Conv::new(8, [3, 3]).padding([(1, 1), (0, 2)]);
/// let everywhere = Conv::new(8, [3, 3]).padding(1);
/// let turning = Conv::new(8, [3, 3]).padding(ConvPadding::Circular);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConvPadding {
    /// Zeros, such that there are `⌈extent / stride⌉` outputs; an odd one is added at the end.
    #[default]
    Same,
    /// No padding: every window lies inside the input.
    Valid,
    /// Circular: the input repeats at both ends; as many outputs as inputs for stride 1.
    Circular,
    /// The input reflected at both ends; as many outputs as inputs for stride 1.
    Reflect,
    /// Zeros before the input only, so that no output depends on later inputs; for one spatial axis.
    Causal,
    /// This many zeros on both sides of every axis.
    All(isize),
    /// Zeros (before, after) per axis; a negative number removes elements.
    Each(Vec<(isize, isize)>),
}

impl From<isize> for ConvPadding {
    fn from(amount: isize) -> Self {
        Self::All(amount)
    }
}

impl<const N: usize> From<[isize; N]> for ConvPadding {
    fn from(amounts: [isize; N]) -> Self {
        Self::Each(amounts.map(|amount| (amount, amount)).to_vec())
    }
}

impl<const N: usize> From<[(isize, isize); N]> for ConvPadding {
    fn from(amounts: [(isize, isize); N]) -> Self {
        Self::Each(amounts.to_vec())
    }
}

impl From<Vec<(isize, isize)>> for ConvPadding {
    fn from(amounts: Vec<(isize, isize)>) -> Self {
        Self::Each(amounts)
    }
}

impl fmt::Display for ConvPadding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(amount) => amount.fmt(f),
            Self::Each(amounts) => write!(f, "{amounts:?}"),
            named => write!(f, "{named:?}"),
        }
    }
}

impl ConvPadding {
    /// The explicit amounts (before, after) per axis, or `None` for a named padding.
    #[track_caller]
    pub(super) fn explicit(
        &self,
        layer: &'static str,
        rank: usize,
    ) -> Result<Option<Vec<(isize, isize)>>, Error> {
        /// A bound larger than any input's extent.
        const FARTHEST: isize = i32::MAX as isize;
        let amounts = match self {
            Self::All(amount) => vec![(*amount, *amount); rank],
            Self::Each(amounts) => amounts.clone(),
            _ => return Ok(None),
        };
        if amounts.len() != rank {
            let expected = format!("one for each of the {rank} spatial axes");
            return Err(invalid(layer, "padding", self, expected));
        }
        if amounts.iter().any(|(low, high)| low.unsigned_abs().max(high.unsigned_abs()) > FARTHEST as usize) {
            return Err(invalid(layer, "padding", self, format!("-{FARTHEST} to {FARTHEST}")));
        }
        Ok(Some(amounts))
    }
}

/// Pads `axis` by `low` elements before and `high` after, each copied from the position that `source`
/// returns.
pub(super) fn pad_by(
    x: &Tensor,
    axis: usize,
    (low, high): (usize, usize),
    source: impl Fn(i64, i64) -> i64,
) -> Tensor {
    if low + high == 0 {
        return x.clone();
    }
    let extent = i64::try_from(x.shape()[axis]).expect("an extent fits `i64`");
    let (low, high) = (low as i64, high as i64);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "positions lie within the axis, whose extent fits `i32`"
    )]
    let indices: Vec<i32> = (-low..extent + high).map(|at| source(at, extent) as i32).collect();
    x.take(&Tensor::from_vec([indices.len()], indices).convert(I32), axis.cast_signed())
}

/// The position `at`, wrapped around a circle of `extent`.
pub(super) fn wrapped(at: i64, extent: i64) -> i64 {
    at.rem_euclid(extent)
}

/// The position `at`, reflected at both ends; the end elements are not repeated.
pub(super) fn reflected(at: i64, extent: i64) -> i64 {
    let period = (2 * (extent - 1)).max(1);
    let at = at.rem_euclid(period);
    at.min(period - at).min(extent - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_go_round_and_to_and_fro() {
        let of = |f: fn(i64, i64) -> i64, extent| (-4..6).map(|at| f(at, extent)).collect::<Vec<_>>();
        assert_eq!(of(wrapped, 3), [2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(of(reflected, 3), [0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
        assert_eq!(of(reflected, 1), [0; 10]);
    }
}
