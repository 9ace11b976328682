//! Reshaping, transposing, slicing, joining and padding. No element is computed.

use crate::error::argument;
use crate::graph::node::Tensor;
use crate::graph::op::{Op, Pad, Slice};
use crate::graph::source::Source;
use crate::shape::{Axes, Shape};
use crate::tensor::Operand;

impl Tensor {
    /// The same elements, in row-major order, in another shape.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// assert_eq!(Tensor::zeros([2, 6], F32).reshape([3, 4]).shape(), [3, 4]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Tensor {
        let shape = Shape::from(shape.as_ref());
        if self.0.ty.shape == shape {
            return self.clone();
        }
        Self::apply(Op::Reshape(shape), [self.clone()])
    }

    /// The tensor with its axes permuted: axis `i` of the result is axis `permutation[i]` of `self`.
    #[track_caller]
    #[must_use]
    pub fn transpose(&self, permutation: impl AsRef<[usize]>) -> Tensor {
        Self::apply(Op::Transpose(permutation.as_ref().into()), [self.clone()])
    }

    /// The tensor with its axes in reverse order. For a matrix, its transpose.
    #[track_caller]
    #[must_use]
    pub fn t(&self) -> Tensor {
        self.transpose((0..self.rank()).rev().collect::<Axes>())
    }

    /// The tensor with a new axis of extent 1 before `axis`. With -1 it is the last axis.
    #[track_caller]
    #[must_use]
    pub fn expand_dims(&self, axis: isize) -> Tensor {
        let rank = self.rank();
        let resolved = if axis < 0 { axis.checked_add_unsigned(rank + 1) } else { Some(axis) };
        let Some(position) =
            resolved.and_then(|axis| usize::try_from(axis).ok()).filter(|&axis| axis <= rank)
        else {
            let expected = format!("-{}..={rank}, the tensor is {}", rank + 1, self.0.ty);
            return self.poisoned_like(argument("expand_dims", "axis", axis, expected, Source::here()));
        };
        let mut shape: Axes = self.shape().into();
        shape.insert(position, 1);
        self.reshape(shape)
    }

    /// The tensor without `axis`, whose extent must be 1.
    #[track_caller]
    #[must_use]
    pub fn squeeze(&self, axis: isize) -> Tensor {
        match self.resolve_axis("squeeze", axis) {
            Ok(axis) => {
                let mut shape: Axes = self.shape().into();
                shape.remove(axis);
                self.reshape(shape)
            }
            Err(error) => self.poisoned_like(error),
        }
    }

    /// The elements `starts[i]`, `starts[i] + strides[i]`, .. below `limits[i]` of each axis `i`.
    #[track_caller]
    #[must_use]
    pub fn slice(
        &self,
        starts: impl AsRef<[usize]>,
        limits: impl AsRef<[usize]>,
        strides: impl AsRef<[usize]>,
    ) -> Tensor {
        let [starts, limits, strides] = [starts.as_ref(), limits.as_ref(), strides.as_ref()].map(Axes::from);
        Self::apply(Op::Slice(Box::new(Slice { starts, limits, strides })), [self.clone()])
    }

    /// The elements `start..limit` of `axis`.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// assert_eq!(Tensor::arange(5, I32).slice_axis(0, 1, 3).to_vec::<i32>()?, [1, 2]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn slice_axis(&self, axis: isize, start: usize, limit: usize) -> Tensor {
        let axis = match self.resolve_axis("slice_axis", axis) {
            Ok(axis) => axis,
            Err(error) => return self.poisoned_like(error),
        };
        let mut starts = Axes::from_elem(0, self.rank());
        let mut limits = Axes::from(self.shape());
        starts[axis] = start;
        limits[axis] = limit;
        self.slice(starts, limits, Axes::from_elem(1, self.rank()))
    }

    /// Entry `i` of the first axis. The result does not have that axis.
    #[track_caller]
    #[must_use]
    pub fn index(&self, i: usize) -> Tensor {
        self.slice_axis(0, i, i.saturating_add(1)).squeeze(0)
    }

    /// The tensors joined along `axis`, in their common dtype.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// let (a, b) = (Tensor::ones([2, 3], F32), Tensor::zeros([2, 1], F32));
    /// assert_eq!(Tensor::concatenate(&[a, b], -1).shape(), [2, 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn concatenate<T: std::borrow::Borrow<Tensor>>(tensors: &[T], axis: isize) -> Tensor {
        let Some(dtype) = tensors.iter().map(|tensor| tensor.borrow().dtype()).reduce(crate::DType::promote)
        else {
            let error = argument("concatenate", "tensors", "empty", "one tensor or more", Source::here());
            return Self::spec([0], crate::F32).poisoned_like(error);
        };
        let axis = match tensors[0].borrow().resolve_axis("concatenate", axis) {
            Ok(axis) => axis,
            Err(error) => return tensors[0].borrow().poisoned_like(error),
        };
        Self::apply(Op::Concatenate { axis }, tensors.iter().map(|tensor| tensor.borrow().convert(dtype)))
    }

    /// Tensors of one shape, joined along a new axis before `axis`.
    #[track_caller]
    #[must_use]
    pub fn stack<T: std::borrow::Borrow<Tensor>>(tensors: &[T], axis: isize) -> Tensor {
        let mut expanded = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            expanded.push(tensor.borrow().expand_dims(axis));
        }
        Self::concatenate(&expanded, axis)
    }

    /// The tensor padded with `low[i]` copies of `value` before axis `i` and `high[i]` copies after it.
    #[track_caller]
    #[must_use]
    pub fn pad(&self, low: impl AsRef<[usize]>, high: impl AsRef<[usize]>, value: impl Operand) -> Tensor {
        self.pad_interior(low, high, Axes::from_elem(0, self.rank()), value)
    }

    /// [`pad`](Tensor::pad), also with `interior[i]` copies between neighbours on axis `i`.
    #[track_caller]
    #[must_use]
    pub fn pad_interior(
        &self,
        low: impl AsRef<[usize]>,
        high: impl AsRef<[usize]>,
        interior: impl AsRef<[usize]>,
        value: impl Operand,
    ) -> Tensor {
        let [low, high, interior] = [low.as_ref(), high.as_ref(), interior.as_ref()].map(Axes::from);
        let value = value.term().converted("pad", self.dtype());
        Self::apply(Op::Pad(Box::new(Pad { low, high, interior })), [self.clone(), value])
    }

    /// The elements in reverse order along `axis`.
    #[track_caller]
    #[must_use]
    pub fn flip(&self, axis: isize) -> Tensor {
        match self.resolve_axis("flip", axis) {
            Ok(axis) => Self::apply(Op::Reverse { axes: [axis].as_slice().into() }, [self.clone()]),
            Err(error) => self.poisoned_like(error),
        }
    }

    /// The elements shifted by `shift` along `axis`. Elements shifted past one end come in at the other. NumPy's `roll`.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// assert_eq!(Tensor::arange(5, I32).roll(-2, 0).to_vec::<i32>()?, [2, 3, 4, 0, 1]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn roll(&self, shift: isize, axis: isize) -> Tensor {
        match self.resolve_axis("roll", axis) {
            Ok(resolved) if self.shape()[resolved] > 0 => {
                let extent = self.shape()[resolved];
                let cut = extent - shift.rem_euclid(extent.cast_signed()).cast_unsigned();
                let parts = [self.slice_axis(axis, cut, extent), self.slice_axis(axis, 0, cut)];
                Self::concatenate(&parts, axis)
            }
            Ok(_) => self.clone(),
            Err(error) => self.poisoned_like(error),
        }
    }

    /// The tensor padded by `low` elements before `axis` and `high` after it, as if the axis were periodic. NumPy's padding
    /// mode `wrap`.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// let x = Tensor::arange(3, I32);
    /// assert_eq!(x.pad_wrap(2, 4, 0).to_vec::<i32>()?, [1, 2, 0, 1, 2, 0, 1, 2, 0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pad_wrap(&self, low: usize, high: usize, axis: isize) -> Tensor {
        self.pad_periodic("pad_wrap", low, high, axis, false)
    }

    /// The tensor padded by `low` elements before `axis` and `high` after it, mirrored at its first and last elements.
    /// NumPy's padding mode `reflect`.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// let x = Tensor::arange(3, I32);
    /// assert_eq!(x.pad_reflect(2, 4, 0).to_vec::<i32>()?, [2, 1, 0, 1, 2, 1, 0, 1, 2]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pad_reflect(&self, low: usize, high: usize, axis: isize) -> Tensor {
        self.pad_periodic("pad_reflect", low, high, axis, true)
    }

    /// The tensor padded from its periodic continuation. If `mirrored`, every other copy is reversed, and the elements at
    /// the ends are not doubled.
    #[track_caller]
    fn pad_periodic(&self, op: &'static str, low: usize, high: usize, axis: isize, mirrored: bool) -> Tensor {
        let axis = match self.resolve_axis(op, axis) {
            Ok(axis) => axis,
            Err(error) => return self.poisoned_like(error),
        };
        let (extent, signed) = (self.shape()[axis], axis.cast_signed());
        if low == 0 && high == 0 {
            return self.clone();
        }
        if extent == 0 {
            let error = argument(op, "axis", axis, "an axis that is not empty", Source::here());
            return self.poisoned_like(error);
        }
        let period = if mirrored && extent > 2 {
            Self::concatenate(&[self, &self.slice_axis(signed, 1, extent - 1).flip(signed)], signed)
        } else {
            self.clone()
        };
        let length = period.shape()[axis];
        // The repeated axis has whole periods. `start` is the index in the first one at which the result begins.
        let start = (length - low % length) % length;
        let end = low.saturating_add(extent).saturating_add(high).saturating_add(start);
        let mut shape: Axes = period.shape().into();
        shape.insert(axis, end.div_ceil(length));
        let repeated = period.expand_dims(signed).broadcast_to(&shape);
        let count = shape.remove(axis);
        shape[axis] = length.saturating_mul(count);
        repeated.reshape(shape).slice_axis(signed, start, end)
    }
}
