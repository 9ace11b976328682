//! A list of extents, as a field of a layer.

use std::fmt;
use std::ops::Deref;

/// One extent or several: of a kernel, of features, of strides.
///
/// ```
/// use metamlp::layers::Sizes;
/// assert_eq!(*Sizes::from(3), [3]);
/// assert_eq!(*Sizes::from([3, 5]), [3, 5]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes(Vec<usize>);

impl Deref for Sizes {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<usize> for Sizes {
    fn from(size: usize) -> Self {
        Self(vec![size])
    }
}

impl<const N: usize> From<[usize; N]> for Sizes {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<&[usize]> for Sizes {
    fn from(sizes: &[usize]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<Vec<usize>> for Sizes {
    fn from(sizes: Vec<usize>) -> Self {
        Self(sizes)
    }
}

/// `3`, or `[3, 5]`.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [size] => size.fmt(f),
            sizes => write!(f, "{sizes:?}"),
        }
    }
}
