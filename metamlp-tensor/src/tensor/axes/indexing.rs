//! Indexing: reads and writes the entries that a tensor of indices names.

use crate::dtype::{DType, I32};
use crate::error::{Problem, argument};
use crate::graph::infer::spliced;
use crate::graph::node::Tensor;
use crate::graph::op::{Op, Update};
use crate::graph::source::Source;
use crate::shape::{Axes, Shape};
use crate::tensor::{Scalar, broadcast_shapes};

/// The value that is read for an index out of range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfRange {
    /// NaN for floats, the least `i32`, the greatest `u32`, or `true`. Indices from `-n` to -1 count from the end. JAX's
    /// default.
    #[default]
    Fill,
    /// The first or the last element. Negative indices are out of range too.
    Clip,
    /// The element at the index modulo the extent.
    Wrap,
}

impl Tensor {
    /// The entries `indices` (integers of any shape) of `axis`. JAX's `take`.
    ///
    /// The axes of the indices replace `axis`. Negative indices count from the end. Entries out of range are NaN, see
    /// [`OutOfRange::Fill`].
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([3], vec![10.0f32, 20.0, 30.0]);
    /// let picked = x.take(&Tensor::from_vec([3], vec![2, -3, 3]), 0).to_vec::<f32>()?;
    /// assert_eq!(picked[..2], [30.0, 10.0]);
    /// assert!(picked[2].is_nan());
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn take(&self, indices: &Tensor, axis: isize) -> Tensor {
        self.take_with(indices, axis, OutOfRange::Fill)
    }

    /// [`take`](Tensor::take) with another rule for indices out of range.
    #[track_caller]
    #[must_use]
    pub fn take_with(&self, indices: &Tensor, axis: isize, out_of_range: OutOfRange) -> Tensor {
        let axis = match self.resolve_axis("take", axis) {
            Ok(axis) => axis,
            Err(error) => return self.poisoned_like(error),
        };
        let indices = indices.resolved(self.shape()[axis], out_of_range);
        match out_of_range {
            OutOfRange::Fill => self.filled(&indices, axis, self.missing()),
            OutOfRange::Clip | OutOfRange::Wrap => self.gather(&indices, axis),
        }
    }

    /// For each line along `axis`, the elements that the same line of `indices` names. NumPy's `take_along_axis`.
    ///
    /// Both tensors have the same number of axes. On axes other than `axis`, extents of 1 are repeated. Negative indices
    /// count from the end. Elements out of range are NaN, see [`OutOfRange::Fill`].
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([2, 3], vec![3, 1, 2, 4, 6, 5]);
    /// let sorted = x.take_along_axis(&x.argsort(1), 1);
    /// assert_eq!(sorted.to_vec::<i32>()?, [1, 2, 3, 4, 5, 6]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn take_along_axis(&self, indices: &Tensor, axis: isize) -> Tensor {
        let axis = match self.resolve_axis("take_along_axis", axis) {
            Ok(axis) => axis,
            Err(error) => return self.poisoned_like(error),
        };
        if let Some(poison) = indices.error() {
            return self.poisoned_like(poison.clone());
        }
        let (extent, count) = (self.shape()[axis], indices.shape().get(axis).copied().unwrap_or(1));
        let problem = if !indices.dtype().is_integer() {
            Some("the indices are not integers")
        } else if indices.rank() != self.rank() {
            Some("both need the same number of axes")
        } else if extent == 0 && count > 0 {
            Some("the axis is empty, so no index lies in it")
        } else {
            None
        };
        if let Some(problem) = problem {
            let types = vec![self.0.ty.clone(), indices.0.ty.clone()];
            let problem = Problem::Shape(problem.to_owned());
            return self.poisoned_like(problem.at("take_along_axis", types, Source::here()));
        }
        // The common shape of both, except for `axis`.
        let line = |tensor: &Tensor| {
            let mut shape: Axes = tensor.shape().into();
            shape[axis] = 1;
            Tensor::spec(shape, tensor.dtype())
        };
        let lines = match broadcast_shapes("take_along_axis", &[&line(self), &line(indices)]) {
            Ok(lines) => lines,
            Err(error) => return self.poisoned_like(error),
        };
        let with = |extent: usize| -> Shape {
            lines.iter().enumerate().map(|(i, &own)| if i == axis { extent } else { own }).collect()
        };
        let (from, to) = (with(extent), with(count));
        if i32::try_from(from.size()).is_err() {
            let error = argument(
                "take_along_axis",
                "size",
                from.size(),
                "at most 2147483647 elements",
                Source::here(),
            );
            return self.poisoned_like(error);
        }
        let indices = indices.resolved(extent, OutOfRange::Fill).broadcast_to(&to);
        // Row-major positions of the elements.
        let strides = from.strides();
        let mut places = indices.maximum(0).minimum(whole(extent.saturating_sub(1))) * whole(strides[axis]);
        for (i, &stride) in strides.iter().enumerate() {
            if i != axis {
                places = places + Self::iota(&to, i, I32) * whole(stride);
            }
        }
        let elements = self.broadcast_to(&from).reshape([from.size()]);
        indices.in_range(extent).select(elements.gather(&places, 0), self.missing())
    }

    /// `self` with `updates` added to the entries `indices` of `axis`. JAX's `x.at[indices].add(updates)`.
    ///
    /// `updates` has, or broadcasts to, the shape of the result of [`take`](Tensor::take). Several updates of one entry are
    /// all added. Negative indices count from the end. Updates out of range are ignored.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// let votes = Tensor::from_vec([4], vec![1, 0, 1, -1]);
    /// let counts = Tensor::zeros([3], I32).scatter_add(&votes, &Tensor::ones([4], I32), 0);
    /// assert_eq!(counts.to_vec::<i32>()?, [1, 2, 1]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn scatter_add(&self, indices: &Tensor, updates: &Tensor, axis: isize) -> Tensor {
        self.updated(Update::Add, "scatter_add", indices, updates, axis)
    }

    /// `self` with the entries `indices` of `axis` replaced by `updates`. JAX's `x.at[indices].set(updates)`.
    ///
    /// The last of several updates of one entry stays. Otherwise as [`scatter_add`](Tensor::scatter_add).
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([2, 2], vec![1, 2, 3, 4]);
    /// let changed = x.scatter(&Tensor::scalar(-1), &Tensor::scalar(0), 0);
    /// assert_eq!(changed.to_vec::<i32>()?, [1, 2, 0, 0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn scatter(&self, indices: &Tensor, updates: &Tensor, axis: isize) -> Tensor {
        self.updated(Update::Set, "scatter", indices, updates, axis)
    }

    #[track_caller]
    fn updated(
        &self,
        update: Update,
        op: &'static str,
        indices: &Tensor,
        updates: &Tensor,
        axis: isize,
    ) -> Tensor {
        let axis = match self.resolve_axis(op, axis) {
            Ok(axis) => axis,
            Err(error) => return self.poisoned_like(error),
        };
        let indices = indices.resolved(self.shape()[axis], OutOfRange::Fill);
        let shape = spliced(&self.0.ty.shape, axis, &indices.0.ty.shape);
        self.scatter_rows(update, &indices, &updates.convert(self.dtype()).broadcast_to(shape), axis)
    }

    /// The slice with extents `sizes` that begins at `starts`, a tensor of one integer for each axis. JAX's
    /// `dynamic_slice`.
    ///
    /// Negative starts count from the end. A slice that does not lie inside is moved inside.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// let part = Tensor::arange(5, I32).dynamic_slice(&Tensor::from_vec([1], vec![4]), [2]);
    /// assert_eq!(part.to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn dynamic_slice(&self, starts: &Tensor, sizes: impl AsRef<[usize]>) -> Tensor {
        Self::apply(Op::DynamicSlice { sizes: sizes.as_ref().into() }, [self.clone(), starts.integers()])
    }

    /// `self` with the slice that [`dynamic_slice`](Tensor::dynamic_slice) with the shape of `update` would return
    /// replaced by `update`. JAX's `dynamic_update_slice`.
    ///
    /// ```
    /// use metamlp_tensor::{I32, Tensor};
    /// let (cache, step) = (Tensor::zeros([3, 2], I32), Tensor::ones([1, 2], I32));
    /// let cache = cache.dynamic_update_slice(&step, &Tensor::from_vec([2], vec![1, 0]));
    /// assert_eq!(cache.to_vec::<i32>()?, [0, 0, 1, 1, 0, 0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn dynamic_update_slice(&self, update: &Tensor, starts: &Tensor) -> Tensor {
        let operands = [self.clone(), update.convert(self.dtype()), starts.integers()];
        Self::apply(Op::DynamicUpdateSlice, operands)
    }

    /// [`Op::Gather`]: indices out of range read the first or the last entry.
    #[track_caller]
    pub(crate) fn gather(&self, indices: &Tensor, axis: usize) -> Tensor {
        Self::apply(Op::Gather { axis }, [self.clone(), indices.clone()])
    }

    /// [`Op::Gather`], with `fill` for entries out of range.
    #[track_caller]
    pub(crate) fn gather_filled(&self, indices: &Tensor, axis: usize, fill: impl Scalar) -> Tensor {
        let fill = Self::full([], fill, self.dtype());
        if self.shape()[axis] == 0 {
            return fill.broadcast_to(spliced(&self.0.ty.shape, axis, &indices.0.ty.shape));
        }
        self.filled(indices, axis, fill)
    }

    #[track_caller]
    fn filled(&self, indices: &Tensor, axis: usize, fill: Tensor) -> Tensor {
        let rows = self.gather(indices, axis);
        if rows.0.poison.is_some() {
            return rows;
        }
        let after = std::iter::repeat_n(1, self.rank() - axis - 1);
        let shape: Axes = indices.shape().iter().copied().chain(after).collect();
        indices.in_range(self.shape()[axis]).reshape(shape).select(rows, fill)
    }

    /// [`Op::Scatter`].
    #[track_caller]
    pub(crate) fn scatter_rows(
        &self,
        update: Update,
        indices: &Tensor,
        updates: &Tensor,
        axis: usize,
    ) -> Tensor {
        Self::apply(Op::Scatter { update, axis }, [self.clone(), indices.clone(), updates.clone()])
    }

    /// Indices into an axis of `extent`, with negative ones resolved by the rule.
    #[track_caller]
    fn resolved(&self, extent: usize, out_of_range: OutOfRange) -> Tensor {
        if !self.dtype().is_integer() {
            return self.clone();
        }
        // The remainder of unsigned indices is taken before they are converted, which limits them.
        let indices = match out_of_range {
            OutOfRange::Wrap => self.remainder(whole(extent)).integers(),
            OutOfRange::Fill | OutOfRange::Clip => self.integers(),
        };
        match out_of_range {
            OutOfRange::Clip => indices,
            OutOfRange::Fill | OutOfRange::Wrap if self.dtype() == DType::U32 => indices,
            OutOfRange::Fill | OutOfRange::Wrap => indices.less(0).select(&indices + whole(extent), &indices),
        }
    }

    /// True where an index lies in `0..extent`.
    #[track_caller]
    fn in_range(&self, extent: usize) -> Tensor {
        self.greater_equal(0).and(self.less(whole(extent)))
    }

    /// The value of an element out of range under [`OutOfRange::Fill`].
    #[track_caller]
    fn missing(&self) -> Tensor {
        let value = match self.dtype() {
            DType::I32 => f64::from(i32::MIN),
            DType::U32 => f64::from(u32::MAX),
            _ => f64::NAN,
        };
        Self::full([], value, self.dtype())
    }

    /// `u32` converted to `i32`, which is `i32::MAX` for larger indices: they lie beyond every axis. Other dtypes are
    /// unchanged; the shape rule refuses them.
    #[track_caller]
    fn integers(&self) -> Tensor {
        if self.dtype() == DType::U32 { self.minimum(i32::MAX).convert(I32) } else { self.clone() }
    }
}

/// An extent or a stride as an index. Indices are `i32` and do not reach beyond `i32::MAX`, so a larger extent bounds them
/// in the same way.
fn whole(extent: usize) -> i32 {
    i32::try_from(extent).unwrap_or(i32::MAX)
}
