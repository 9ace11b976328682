//! Looking at a tensor: its type at once, its value after computing it.

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::dtype::{DType, Element};
use crate::error::{Error, Result, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
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

    /// Whether the value is there already.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        self.0.value.get().is_some()
    }

    /// The error that the tensor carries instead of a value.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.0.poison.as_deref()
    }

    /// A tensor that carries `error` instead of a value; all that is computed
    /// from it carries it on, and the next boundary returns it.
    #[track_caller]
    #[must_use]
    pub fn poison(error: Error, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        Self::poisoned(error, Type::new(shape, dtype))
    }

    /// Computes the value now.
    ///
    /// # Errors
    /// The error that the tensor carries; [`Error::NoValue`] if it depends on
    /// a [`spec`](Tensor::spec) or on an argument under `jit`.
    pub fn evaluate(&self) -> Result<()> {
        boundary::compute(std::slice::from_ref(self))
    }

    /// The elements, borrowed, as an `ndarray` view.
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
            .map_err(|error| argument("view", "shape", error, "one that ndarray can hold", source_line))
    }

    /// The elements as an owned `ndarray` array.
    ///
    /// # Errors
    /// As [`view`](Tensor::view).
    #[track_caller]
    pub fn to_array<T: Element>(&self) -> Result<ArrayD<T>> {
        self.view::<T>().map(|view| view.to_owned())
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// As [`view`](Tensor::view).
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.elements::<T>(&Source::here()).map(<[T]>::to_vec)
    }

    /// The only element.
    ///
    /// # Errors
    /// As [`view`](Tensor::view), and [`Error::Argument`] if there is not just one.
    #[track_caller]
    pub fn item<T: Element>(&self) -> Result<T> {
        let source_line = Source::here();
        match self.elements::<T>(&source_line)? {
            [only] => Ok(*only),
            _ => Err(argument("item", "self", self.ty(), "a tensor of one element", source_line)),
        }
    }

    fn elements<T: Element>(&self, source_line: &Source) -> Result<&[T]> {
        self.evaluate()?;
        self.0.value.get().and_then(|value| elements_of::<T>(value)).ok_or_else(|| Error::ElementType {
            asked: T::DTYPE,
            ty: self.0.ty.clone(),
            source_line: source_line.clone(),
        })
    }
}
