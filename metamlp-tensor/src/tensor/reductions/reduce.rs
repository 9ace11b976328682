//! Reductions over axes, and functions built on them. Negative axes count from the end.

use crate::dtype::DType;
use crate::error::{Error, Problem};
use crate::graph::node::Tensor;
use crate::graph::op::{Extremum, Op, Reduction};
use crate::graph::source::Source;
use crate::shape::Axes;

macro_rules! reductions {
    ($($name:ident, $keepdims:ident, $all:ident;)*) => {
        impl Tensor {$(
            #[doc = concat!("[`", stringify!($name), "`](Tensor::", stringify!($name), ") with the reduced axes kept as axes of extent 1.")]
            #[track_caller]
            #[must_use]
            pub fn $keepdims(&self, axes: impl AsRef<[isize]>) -> Tensor {
                let axes = axes.as_ref();
                match self.kept_shape(axes) {
                    Ok(kept) => self.$name(axes).reshape(kept),
                    Err(error) => self.poisoned_like(error),
                }
            }

            #[doc = concat!("[`", stringify!($name), "`](Tensor::", stringify!($name), ") over every axis, to shape `[]`.")]
            #[track_caller]
            #[must_use]
            pub fn $all(&self) -> Tensor {
                let axes = self.every_axis();
                self.$name(axes)
            }
        )*}
    };
}

reductions! {
    sum, sum_keepdims, sum_all;
    mean, mean_keepdims, mean_all;
    max, max_keepdims, max_all;
    min, min_keepdims, min_all;
    prod, prod_keepdims, prod_all;
    all, all_keepdims, all_all;
    any, any_keepdims, any_all;
    logsumexp, logsumexp_keepdims, logsumexp_all;
    var, var_keepdims, var_all;
}

impl Tensor {
    /// Sum over `axes`, which the result does not have. `bool` is counted, as `i32`.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// assert_eq!(Tensor::ones([2, 3], F32).sum([-1]).to_vec::<f32>()?, [3.0, 3.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.counted().reduce(Reduction::Sum, "sum", axes.as_ref())
    }

    /// Product over `axes`.
    #[track_caller]
    #[must_use]
    pub fn prod(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.counted().reduce(Reduction::Prod, "prod", axes.as_ref())
    }

    /// Maximum over `axes`; NaN if any element is NaN. Of flags the maximum is [`any`](Tensor::any). Poisoned if one of
    /// the axes is empty.
    #[track_caller]
    #[must_use]
    pub fn max(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let kind = if self.dtype() == DType::Bool { Reduction::Any } else { Reduction::Max };
        self.extremum(kind, "max", axes.as_ref())
    }

    /// Minimum over `axes`; NaN if any element is NaN. Of flags the minimum is [`all`](Tensor::all). Poisoned if one of
    /// the axes is empty.
    #[track_caller]
    #[must_use]
    pub fn min(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let kind = if self.dtype() == DType::Bool { Reduction::All } else { Reduction::Min };
        self.extremum(kind, "min", axes.as_ref())
    }

    /// True if all elements along `axes` are true.
    #[track_caller]
    #[must_use]
    pub fn all(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.convert(DType::Bool).reduce(Reduction::All, "all", axes.as_ref())
    }

    /// True if any element along `axes` is true.
    #[track_caller]
    #[must_use]
    pub fn any(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.convert(DType::Bool).reduce(Reduction::Any, "any", axes.as_ref())
    }

    /// Mean over `axes`; NaN without elements. With 16-bit floats sum and quotient are taken in `f32`, and the mean is
    /// rounded once.
    ///
    /// ```
    /// use metamlp_tensor::{F16, F32, Tensor};
    /// let x = Tensor::full([70_000], 2.0, F16);
    /// assert_eq!(x.mean_all().convert(F32).item::<f32>()?, 2.0);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn mean(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let axes = axes.as_ref();
        let count: usize = match self.resolve_axes("mean", axes) {
            Ok(axes) => axes.iter().map(|&axis| self.shape()[axis]).fold(1, usize::saturating_mul),
            Err(error) => return self.poisoned_like(error),
        };
        let mean = self.convert(self.dtype().to_accumulated()).sum(axes) / count as f64;
        mean.convert(self.dtype().to_inexact())
    }

    /// Population variance over `axes`: the mean squared distance from the mean. With 16-bit floats it is computed in
    /// `f32` and rounded once.
    #[track_caller]
    #[must_use]
    pub fn var(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let axes = axes.as_ref();
        let x = self.convert(self.dtype().to_accumulated());
        (&x - x.mean_keepdims(axes)).square().mean(axes).convert(self.dtype().to_inexact())
    }

    /// `ln(sum(exp(x)))` over `axes`, without overflow. With 16-bit floats it is computed in `f32` and rounded once.
    ///
    /// If all elements are -inf, the result is -inf and its gradient is 0.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([2], vec![1000.0f32, 1000.0]);
    /// assert_eq!(x.logsumexp([0]).item::<f32>()?, 1000.0 + 2.0f32.ln());
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn logsumexp(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let axes = axes.as_ref();
        let x = self.convert(self.dtype().to_accumulated());
        let max = x.greatest_keepdims(axes);
        // An infinite maximum would give inf - inf.
        let max = max.is_finite().select(&max, 0.0);
        let sum = (&x - &max).exp().sum(axes);
        let is_empty = sum.equal(0.0);
        let log = is_empty.select(1.0, sum).log() + max.reshape(is_empty.shape());
        is_empty.select(f64::NEG_INFINITY, log).convert(self.dtype().to_inexact())
    }

    /// `exp(x) / sum(exp(x))` along `axis`.
    #[track_caller]
    #[must_use]
    pub fn softmax(&self, axis: isize) -> Tensor {
        if self.overflows_in_sums(axis) {
            return self.convert(DType::F32).softmax(axis).convert(self.dtype());
        }
        let x = self.convert(self.dtype().to_inexact());
        let exp = (&x - x.greatest_keepdims(&[axis])).exp();
        let sum = exp.sum_keepdims([axis]);
        if exp.dtype().is_half() {
            return exp / sum;
        }
        // One division per row and a product per element, which is faster than a division. With 16-bit floats the second
        // rounding would lose a bit.
        exp * (1.0 / sum)
    }

    /// `ln(softmax(x))` along `axis`.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(&self, axis: isize) -> Tensor {
        if self.overflows_in_sums(axis) {
            return self.convert(DType::F32).log_softmax(axis).convert(self.dtype());
        }
        let x = self.convert(self.dtype().to_inexact());
        let shifted = &x - x.greatest_keepdims(&[axis]);
        &shifted - shifted.exp().sum_keepdims([axis]).log()
    }

    /// Index (`i32`) of the maximum along `axis`, the first among equals.
    #[track_caller]
    #[must_use]
    pub fn argmax(&self, axis: isize) -> Tensor {
        self.arg_reduce(Extremum::Max, "argmax", axis)
    }

    /// Index (`i32`) of the minimum along `axis`, the first among equals.
    #[track_caller]
    #[must_use]
    pub fn argmin(&self, axis: isize) -> Tensor {
        self.arg_reduce(Extremum::Min, "argmin", axis)
    }

    /// True if `f16` cannot hold the number of elements along `axis`.
    fn overflows_in_sums(&self, axis: isize) -> bool {
        let extent = self.resolve_axis("softmax", axis).map_or(0, |axis| self.shape()[axis]);
        self.dtype() == DType::F16 && extent as f64 > f64::from(half::f16::MAX)
    }

    /// The maximum over `axes`, without a gradient; the least number without elements.
    #[track_caller]
    fn greatest_keepdims(&self, axes: &[isize]) -> Tensor {
        match self.kept_shape(axes) {
            Ok(kept) => self.reduce(Reduction::Max, "max", axes).reshape(kept).stop_gradient(),
            Err(error) => self.poisoned_like(error),
        }
    }

    /// A maximum or minimum, which needs at least one element.
    #[track_caller]
    fn extremum(&self, kind: Reduction, name: &'static str, axes: &[isize]) -> Tensor {
        let resolved = match self.resolve_axes(name, axes) {
            Ok(resolved) => resolved,
            Err(error) => return self.poisoned_like(error),
        };
        if let Some(axis) = resolved.iter().find(|&&axis| self.shape()[axis] == 0) {
            let problem = Problem::Shape(format!("axis {axis} is empty, so it has no extremum"));
            let error = problem.at(name, vec![self.0.ty.clone()], Source::here());
            return self.poisoned_like(error).reduce(kind, name, axes);
        }
        self.reduce(kind, name, axes)
    }

    #[track_caller]
    pub(crate) fn reduce(&self, kind: Reduction, name: &'static str, axes: &[isize]) -> Tensor {
        match self.resolve_axes(name, axes) {
            Ok(axes) if axes.is_empty() => self.clone(),
            Ok(axes) => Self::apply(Op::Reduce { kind, axes }, [self.clone()]),
            Err(error) => self.poisoned_like(error),
        }
    }

    #[track_caller]
    fn arg_reduce(&self, kind: Extremum, name: &'static str, axis: isize) -> Tensor {
        match self.resolve_axis(name, axis) {
            Ok(axis) => Self::apply(Op::ArgReduce { kind, axis }, [self.counted()]),
            Err(error) => self.poisoned_like(error).convert(DType::I32),
        }
    }

    /// The shape with extent 1 on each of `axes`.
    #[track_caller]
    fn kept_shape(&self, axes: &[isize]) -> Result<Axes, Error> {
        let resolved = self.resolve_axes("reduce", axes)?;
        let extent = |(axis, &extent): (usize, &usize)| if resolved.contains(&axis) { 1 } else { extent };
        Ok(self.shape().iter().enumerate().map(extent).collect())
    }

    fn every_axis(&self) -> Vec<isize> {
        (0..self.rank()).map(usize::cast_signed).collect()
    }

    /// `bool` converted to `i32`. Other dtypes are unchanged.
    #[track_caller]
    pub(super) fn counted(&self) -> Tensor {
        if self.dtype() == DType::Bool { self.convert(DType::I32) } else { self.clone() }
    }
}
