//! Reading a tensor: shape and dtype immediately, values after evaluation.

use std::panic::Location;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::dtype::{DType, Element};
use crate::error::{Error, Result, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::memory::exhausted::copied;
use crate::memory::stored::elements_of;
use crate::shape::Type;
use crate::transform::boundary;

impl Tensor {
    /// The extents, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.0.ty.shape
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.0.ty.dtype
    }

    /// Shape and dtype.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.0.ty
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.ty.shape.len()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.ty.shape.size()
    }

    /// True if the tensor has a value, so that reading it evaluates nothing.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        self.0.value.get().is_some()
    }

    /// The error that a poisoned tensor carries instead of a value.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.0.poison.as_deref()
    }

    /// A poisoned tensor, which carries `error` instead of a value. All tensors computed from it carry the error too, and
    /// the next boundary returns it.
    #[track_caller]
    #[must_use]
    pub fn poison(error: Error, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        Self::poisoned(error, Type::new(shape, dtype))
    }

    /// Evaluates the tensor now, also inside of an outer boundary.
    ///
    /// # Errors
    /// The error that the tensor carries; [`Error::NoValue`] if it depends on a [`spec`](Tensor::spec) or on an argument
    /// under `jit`.
    #[track_caller]
    pub fn evaluate(&self) -> Result<()> {
        boundary::compute(std::slice::from_ref(self), Location::caller())
    }

    /// The elements as a borrowed `ndarray` view. Evaluates the tensor.
    ///
    /// # Errors
    /// As [`evaluate`](Tensor::evaluate), and [`Error::ElementType`] if they are not of type `T`.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// let x = Tensor::ones([2, 3], F32);
    /// assert_eq!(x.view::<f32>()?.sum(), 6.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        let source_line = Source::here();
        let values = self.elements::<T>(&source_line)?;
        ArrayViewD::from_shape(IxDyn(self.shape()), values)
            .map_err(|error| argument("view", "shape", error, "a shape that ndarray supports", source_line))
    }

    /// The elements as an owned `ndarray` array.
    ///
    /// # Errors
    /// As [`view`](Tensor::view), and [`Error::OutOfMemory`] if the system does not have the memory for the copy.
    #[track_caller]
    pub fn to_array<T: Element>(&self) -> Result<ArrayD<T>> {
        let source_line = Source::here();
        let values = self.copy::<T>("to_array", &source_line)?;
        ArrayD::from_shape_vec(IxDyn(self.shape()), values).map_err(|error| {
            argument("to_array", "shape", error, "a shape that ndarray supports", source_line)
        })
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// As [`view`](Tensor::view), and [`Error::OutOfMemory`] if the system does not have the memory for the copy.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.copy::<T>("to_vec", &Source::here())
    }

    /// The element of a tensor with exactly one.
    ///
    /// # Errors
    /// As [`view`](Tensor::view), and [`Error::Argument`] if the tensor has another number of elements.
    #[track_caller]
    pub fn item<T: Element>(&self) -> Result<T> {
        let source_line = Source::here();
        match self.elements::<T>(&source_line)? {
            [only] => Ok(*only),
            _ => Err(argument("item", "self", self.ty(), "a tensor of one element", source_line)),
        }
    }

    fn copy<T: Element>(&self, op: &'static str, source_line: &Source) -> Result<Vec<T>> {
        let refused = |bytes| Error::OutOfMemory { op, bytes, source_line: source_line.clone() };
        copied(self.elements::<T>(source_line)?).map_err(refused)
    }

    fn elements<T: Element>(&self, source_line: &Source) -> Result<&[T]> {
        boundary::compute(std::slice::from_ref(self), source_line.location)?;
        let value = self.0.value.get().expect("evaluation sets the value");
        elements_of::<T>(value).ok_or_else(|| Error::ElementType {
            asked: T::DTYPE,
            ty: self.0.ty.clone(),
            source_line: source_line.clone(),
        })
    }
}
