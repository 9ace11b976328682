//! Constructors of tensors from numbers.

use crate::dtype::{DType, Element, I32};
use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::op::Op;
use crate::graph::source::Source;
use crate::memory::stored::buffer_of;
use crate::shape::{Shape, Type};
use crate::tensor::Scalar;

/// The error of a shape that no tensor may have.
#[track_caller]
pub(super) fn too_large(op: &'static str, ty: &Type) -> Error {
    argument(op, "shape", &ty.shape, format!("at most {} bytes of {}", isize::MAX, ty.dtype), Source::here())
}

impl Tensor {
    /// A tensor with a shape and no value, to trace or initialise a model with.
    ///
    /// Operations on it give further tensors without a value. Reading one is an error. Poisoned if the shape is larger
    /// than any memory: the extents, without those of 0, times the bytes of an element are at most about `isize::MAX`.
    /// This holds for every tensor.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// let x = Tensor::spec([128, 784], F32);
    /// assert_eq!(x.sum([-1]).shape(), [128]);
    /// assert!(x.to_vec::<f32>().is_err());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn spec(shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        let ty = Type::new(shape, dtype);
        if !ty.fits() {
            return Self::poisoned(too_large("spec", &ty), ty);
        }
        Self::placeholder(ty, None)
    }

    /// A tensor of `shape` from `values` in row-major order. Poisoned if the number of values is not the shape's size.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([2, 2], vec![1, 2, 3, 4]);
    /// assert_eq!(x.t().to_vec::<i32>()?, [1, 3, 2, 4]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_vec<T: Element>(shape: impl AsRef<[usize]>, values: Vec<T>) -> Tensor {
        let shape = Shape::from(shape.as_ref());
        let ty = Type { shape, dtype: T::DTYPE };
        if !ty.fits() {
            return Self::poisoned(too_large("from_vec", &ty), ty);
        }
        let shape = ty.shape;
        if shape.size() != values.len() {
            let found = format!("{} values", values.len());
            let expected = format!("{} for shape {shape}", shape.size());
            let error = argument("from_vec", "values", found, expected, Source::here());
            return Self::poisoned(error, Type { shape, dtype: T::DTYPE });
        }
        Self::concrete(shape, buffer_of(values, 0))
    }

    /// A number as a tensor of shape `[]`. It is an input of programs, while a Rust number in an expression becomes a
    /// constant of the program.
    #[track_caller]
    #[must_use]
    pub fn scalar<T: Element>(value: T) -> Tensor {
        Self::from_vec([], vec![value])
    }

    /// A tensor filled with `value`, without its fraction if `dtype` is of integers. Poisoned if an integer `dtype` does
    /// not hold it.
    #[track_caller]
    #[must_use]
    pub fn full(shape: impl AsRef<[usize]>, value: impl Scalar, dtype: DType) -> Tensor {
        value.number().tensor("full", dtype).broadcast_to(shape)
    }

    /// A tensor filled with 0.
    #[track_caller]
    #[must_use]
    pub fn zeros(shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        Self::full(shape, 0, dtype)
    }

    /// A tensor filled with 1.
    #[track_caller]
    #[must_use]
    pub fn ones(shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
        Self::full(shape, 1, dtype)
    }

    /// A tensor whose elements are their index along `axis`.
    #[track_caller]
    #[must_use]
    pub fn iota(shape: impl AsRef<[usize]>, axis: usize, dtype: DType) -> Tensor {
        let shape = Shape::from(shape.as_ref());
        Self::apply(Op::Iota { shape, axis, dtype }, [])
    }

    /// The numbers `0, 1, .., n - 1`, `[n]`.
    #[track_caller]
    #[must_use]
    pub fn arange(n: usize, dtype: DType) -> Tensor {
        Self::iota([n], 0, dtype)
    }

    /// The identity matrix, `[n, n]`.
    #[track_caller]
    #[must_use]
    pub fn eye(n: usize, dtype: DType) -> Tensor {
        let (rows, columns) = (Self::iota([n, n], 0, I32), Self::iota([n, n], 1, I32));
        rows.equal(&columns).convert(dtype)
    }

    /// `n` evenly spaced numbers (`f32`) from `start` to `stop`, both included, `[n]`. Poisoned if the system does not have
    /// the memory for them.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5).to_vec::<f32>()?, [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn linspace(start: f64, stop: f64, n: usize) -> Tensor {
        let ty = Type::new([n], DType::F32);
        if !ty.fits() {
            return Self::poisoned(too_large("linspace", &ty), ty);
        }
        let mut values: Vec<f32> = Vec::new();
        if values.try_reserve_exact(n).is_err() {
            let error = Error::OutOfMemory { op: "linspace", bytes: ty.bytes(), source_line: Source::here() };
            return Self::poisoned(error, ty);
        }
        // Computed in f64 and rounded once, so that both ends are exact.
        let steps = n.saturating_sub(1).max(1) as f64;
        values.extend((0..n).map(|i| {
            let at = i as f64 / steps;
            (start * (1.0 - at) + stop * at) as f32
        }));
        Self::from_vec::<f32>([n], values)
    }

    /// A tensor of this one's shape and dtype, filled with 0.
    #[track_caller]
    #[must_use]
    pub fn zeros_like(&self) -> Tensor {
        Self::zeros(self.shape(), self.dtype())
    }

    /// A tensor of this one's shape and dtype, filled with 1.
    #[track_caller]
    #[must_use]
    pub fn ones_like(&self) -> Tensor {
        Self::ones(self.shape(), self.dtype())
    }
}
