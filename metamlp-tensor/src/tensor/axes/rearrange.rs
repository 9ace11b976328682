//! Reshaping, cutting, joining and padding: the elements stay what they are.

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

    /// Axis `i` of the result is axis `permutation[i]` of self.
    #[track_caller]
    #[must_use]
    pub fn transpose(&self, permutation: impl AsRef<[usize]>) -> Tensor {
        Self::apply(Op::Transpose(permutation.as_ref().into()), [self.clone()])
    }

    /// All axes in reverse order; of a matrix, its transpose.
    #[track_caller]
    #[must_use]
    pub fn t(&self) -> Tensor {
        self.transpose((0..self.rank()).rev().collect::<Axes>())
    }

    /// A new axis of extent 1 in front of `axis`; -1 puts it last.
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

    /// Without `axis`, whose extent must be 1.
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

    /// Elements `starts[i]`, `starts[i] + strides[i]`, .. below `limits[i]` of every axis `i`.
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

    /// Elements `start..limit` of `axis`.
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

    /// Element `i` of the first axis, which disappears.
    #[track_caller]
    #[must_use]
    pub fn index(&self, i: usize) -> Tensor {
        self.slice_axis(0, i, i.saturating_add(1)).squeeze(0)
    }

    /// The tensors one after the other along `axis`, in the dtype in which they meet.
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

    /// The tensors, of one shape, along a new axis in front of `axis`.
    #[track_caller]
    #[must_use]
    pub fn stack<T: std::borrow::Borrow<Tensor>>(tensors: &[T], axis: isize) -> Tensor {
        let mut expanded = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            expanded.push(tensor.borrow().expand_dims(axis));
        }
        Self::concatenate(&expanded, axis)
    }

    /// `low[i]` copies of `value` before axis `i` and `high[i]` after it.
    #[track_caller]
    #[must_use]
    pub fn pad(&self, low: impl AsRef<[usize]>, high: impl AsRef<[usize]>, value: impl Operand) -> Tensor {
        self.pad_interior(low, high, Axes::from_elem(0, self.rank()), value)
    }

    /// [`pad`](Tensor::pad), with `interior[i]` copies between neighbours of axis `i` too.
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
        let value = value.into_tensor(self.dtype()).convert(self.dtype());
        Self::apply(Op::Pad(Box::new(Pad { low, high, interior })), [self.clone(), value])
    }

    /// Back to front along `axis`.
    #[track_caller]
    #[must_use]
    pub fn flip(&self, axis: isize) -> Tensor {
        match self.resolve_axis("flip", axis) {
            Ok(axis) => Self::apply(Op::Reverse { axes: [axis].as_slice().into() }, [self.clone()]),
            Err(error) => self.poisoned_like(error),
        }
    }

    /// The elements moved on by `shift` along `axis`; what goes past an end
    /// comes in at the other.
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

    /// `low` elements before `axis` and `high` after it, as if the axis went
    /// round in a circle: NumPy's padding mode `wrap`.
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

    /// `low` elements before `axis` and `high` after it, as if mirrors stood on
    /// its first and last elements: NumPy's padding mode `reflect`.
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

    /// A part of the axis repeated without end, every other time from the back
    /// if `mirrored`; then the ends are not repeated.
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
        // Where the first element lies in its period; then whole periods.
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
