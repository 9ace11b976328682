//! A list of axes, as a field of a layer.

use std::fmt;
use std::ops::Deref;

/// One axis or several; a negative axis counts from the end.
///
/// ```
/// use metamlp::layers::AxisList;
/// assert_eq!(*AxisList::from(-1), [-1]);
/// assert_eq!(*AxisList::from([-2, -1]), [-2, -1]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AxisList(Vec<isize>);

impl Deref for AxisList {
    type Target = [isize];

    fn deref(&self) -> &[isize] {
        &self.0
    }
}

impl From<isize> for AxisList {
    fn from(axis: isize) -> Self {
        Self(vec![axis])
    }
}

impl<const N: usize> From<[isize; N]> for AxisList {
    fn from(axes: [isize; N]) -> Self {
        Self(axes.to_vec())
    }
}

impl From<&[isize]> for AxisList {
    fn from(axes: &[isize]) -> Self {
        Self(axes.to_vec())
    }
}

impl From<Vec<isize>> for AxisList {
    fn from(axes: Vec<isize>) -> Self {
        Self(axes)
    }
}

/// `-1`, or `[-2, -1]`.
impl fmt::Display for AxisList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [axis] => axis.fmt(f),
            axes => write!(f, "{axes:?}"),
        }
    }
}
