//! The shape and dtype of a requested parameter, and the input that implied them.

use metamlp_tensor::{DType, F32, Tensor};
use smallvec::SmallVec;

/// A parameter's shape and dtype; `f32` if only a shape is given.
///
/// ```
/// use metamlp::{F64, Spec};
/// assert_eq!(Spec::from([2, 3]).shape(), [2, 3]);
/// assert_eq!(Spec::from(([2, 3], F64)).dtype(), F64);
/// ```
#[derive(Clone, Debug)]
pub struct Spec {
    shape: SmallVec<[usize; 4]>,
    dtype: DType,
    input: Option<Tensor>,
}

impl Spec {
    /// A shape and a dtype.
    #[must_use]
    pub fn new(shape: impl AsRef<[usize]>, dtype: DType) -> Self {
        Self { shape: SmallVec::from_slice(shape.as_ref()), dtype, input: None }
    }

    /// Adds the input that implied the shape, which the error about a stored
    /// parameter of another shape names.
    #[must_use]
    pub fn implied_by(mut self, input: &Tensor) -> Self {
        self.input = Some(input.clone());
        self
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The dtype.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub(crate) fn input(&self) -> Option<&Tensor> {
        self.input.as_ref()
    }
}

impl From<&[usize]> for Spec {
    fn from(shape: &[usize]) -> Self {
        Self::new(shape, F32)
    }
}

impl From<Vec<usize>> for Spec {
    fn from(shape: Vec<usize>) -> Self {
        Self::new(shape, F32)
    }
}

impl<const N: usize> From<[usize; N]> for Spec {
    fn from(shape: [usize; N]) -> Self {
        Self::new(shape, F32)
    }
}

impl<const N: usize> From<&[usize; N]> for Spec {
    fn from(shape: &[usize; N]) -> Self {
        Self::new(shape, F32)
    }
}

impl<S: AsRef<[usize]>> From<(S, DType)> for Spec {
    fn from((shape, dtype): (S, DType)) -> Self {
        Self::new(shape, dtype)
    }
}
