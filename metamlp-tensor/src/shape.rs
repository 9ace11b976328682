//! A tensor's shape and, with its dtype, its type.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::memory::buffer::LINE;

/// A list of extents or of axis numbers. Up to four need no allocation.
pub type Axes = SmallVec<[usize; 4]>;

/// The extents of a tensor, outermost first.
#[derive(Eq, Hash, Default)]
#[expect(clippy::derived_hash_with_manual_eq, reason = "both use every extent")]
pub struct Shape(Axes);

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // A loop: the call that compares slices takes longer than comparing a few extents.
        self.len() == other.len() && self.iter().zip(&**other).all(|(own, other)| own == other)
    }
}

impl Clone for Shape {
    fn clone(&self) -> Self {
        // Copies the slice at once; `SmallVec::clone` copies element by element.
        Self(Axes::from_slice(&self.0))
    }
}

impl Shape {
    /// The number of elements. `usize::MAX` if it is larger than that.
    #[must_use]
    pub fn size(&self) -> usize {
        if self.contains(&0) { 0 } else { self.iter().fold(1, |size, &extent| size.saturating_mul(extent)) }
    }

    /// Row-major strides, in elements.
    pub(crate) fn strides(&self) -> Axes {
        let mut strides = Axes::from_elem(1, self.len());
        for axis in (1..self.len()).rev() {
            strides[axis - 1] = strides[axis] * self[axis];
        }
        strides
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl AsRef<[usize]> for Shape {
    fn as_ref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(extents: &[usize]) -> Self {
        Self(Axes::from_slice(extents))
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(extents: I) -> Self {
        Self(extents.into_iter().collect())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0[..], f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0[..], f)
    }
}

/// The least bytes of an element in a size: flags are counted as i32, and 16-bit floats computed as f32.
const COMPUTED: usize = 4;

/// The type of a tensor: its shape and dtype. Known before the tensor is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The extents.
    pub shape: Shape,
    /// The type of the elements.
    pub dtype: DType,
}

impl Type {
    pub(crate) fn new(shape: impl AsRef<[usize]>, dtype: DType) -> Self {
        Self { shape: shape.as_ref().into(), dtype }
    }

    /// True if a tensor may have this type: the product of its extents, without those of 0, in bytes and with the cache
    /// line before its elements is at most `isize::MAX`. Strides, offsets, sizes of parts and lengths in bytes cannot
    /// overflow then. It is the one check of sizes: it is made where a type comes from a caller or from a shape rule, and
    /// arithmetic on sizes relies on it.
    #[inline]
    pub(crate) fn fits(&self) -> bool {
        let mut bytes = self.dtype.size().max(COMPUTED);
        for &extent in &*self.shape {
            bytes = bytes.saturating_mul(extent.max(1));
        }
        bytes <= isize::MAX.unsigned_abs() - LINE
    }

    /// The bytes of the elements.
    pub(crate) fn bytes(&self) -> usize {
        self.shape.size() * self.dtype.size()
    }

    /// The type that a poisoned tensor has in place of this one: with extents of at most 1 if no tensor may have it.
    pub(crate) fn or_small(self) -> Self {
        if self.fits() {
            return self;
        }
        Self { shape: self.shape.iter().map(|&extent| extent.min(1)).collect(), ..self }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
