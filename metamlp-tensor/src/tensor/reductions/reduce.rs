//! Reductions over axes, and functions built on them. Negative axes count from the end.

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::graph::op::{Extremum, Op, Reduction};
use crate::shape::Axes;

macro_rules! reductions {
    ($($name:ident, $keepdims:ident, $all:ident;)*) => {
        impl Tensor {$(
            #[doc = concat!("[`", stringify!($name), "`](Tensor::", stringify!($name), ") with the reduced axes kept as axes of extent 1.")]
            #[track_caller]
            #[must_use]
            pub fn $keepdims(&self, axes: impl AsRef<[isize]>) -> Tensor {
                self.keeping_axes(axes.as_ref(), |x, axes| x.$name(axes))
            }

            #[doc = concat!("[`", stringify!($name), "`](Tensor::", stringify!($name), ") over every axis, to shape `[]`.")]
            #[track_caller]
            #[must_use]
            pub fn $all(&self) -> Tensor {
                self.$name(self.every_axis())
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

    /// Maximum over `axes`; NaN if any element is NaN.
    #[track_caller]
    #[must_use]
    pub fn max(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.counted().reduce(Reduction::Max, "max", axes.as_ref())
    }

    /// Minimum over `axes`; NaN if any element is NaN.
    #[track_caller]
    #[must_use]
    pub fn min(&self, axes: impl AsRef<[isize]>) -> Tensor {
        self.counted().reduce(Reduction::Min, "min", axes.as_ref())
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

    /// Mean over `axes`; NaN without elements.
    #[track_caller]
    #[must_use]
    pub fn mean(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let axes = axes.as_ref();
        let count: usize = match self.resolve_axes("mean", axes) {
            Ok(axes) => axes.iter().map(|&axis| self.shape()[axis]).fold(1, usize::saturating_mul),
            Err(error) => return self.poisoned_like(error),
        };
        let numbers = self.convert(self.dtype().to_inexact());
        numbers.sum(axes) / count as f64
    }

    /// Population variance over `axes`: the mean squared distance from the mean.
    #[track_caller]
    #[must_use]
    pub fn var(&self, axes: impl AsRef<[isize]>) -> Tensor {
        let axes = axes.as_ref();
        (self - self.mean_keepdims(axes)).square().mean(axes)
    }

    /// `ln(sum(exp(x)))` over `axes`, without overflow.
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
        let x = self.convert(self.dtype().to_inexact());
        let max = x.max_keepdims(axes).stop_gradient();
        // An infinite maximum would give inf - inf.
        let max = max.is_finite().select(&max, 0.0);
        let sum = (&x - &max).exp().sum(axes);
        let is_empty = sum.equal(0.0);
        let log = is_empty.select(1.0, sum).log() + max.reshape(is_empty.shape());
        is_empty.select(f64::NEG_INFINITY, log)
    }

    /// `exp(x) / sum(exp(x))` along `axis`.
    #[track_caller]
    #[must_use]
    pub fn softmax(&self, axis: isize) -> Tensor {
        let x = self.convert(self.dtype().to_inexact());
        let exp = (&x - x.max_keepdims([axis]).stop_gradient()).exp();
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
        let x = self.convert(self.dtype().to_inexact());
        let shifted = &x - x.max_keepdims([axis]).stop_gradient();
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

    /// `reduce` over `axes`, which the result keeps with extent 1.
    #[track_caller]
    fn keeping_axes(&self, axes: &[isize], reduce: impl Fn(&Tensor, &[isize]) -> Tensor) -> Tensor {
        let resolved = match self.resolve_axes("reduce", axes) {
            Ok(resolved) => resolved,
            Err(error) => return self.poisoned_like(error),
        };
        let kept: Axes = self
            .shape()
            .iter()
            .enumerate()
            .map(|(axis, &extent)| if resolved.contains(&axis) { 1 } else { extent })
            .collect();
        reduce(self, axes).reshape(kept)
    }

    fn every_axis(&self) -> Vec<isize> {
        (0..self.rank()).map(usize::cast_signed).collect()
    }

    /// `bool` converted to `i32`. Other dtypes are unchanged.
    #[track_caller]
    fn counted(&self) -> Tensor {
        if self.dtype() == DType::Bool { self.convert(DType::I32) } else { self.clone() }
    }
}
