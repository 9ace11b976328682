//! Mean and variance along axes, and the scale and bias of normalization layers. Knows nothing of
//! particular layers.

use metamlp_tensor::{BOOL, DType, F32, Tensor};

use crate::initializers::initializer::Initializer;
use crate::layers::fields::promote::common_float;
use crate::module::Module;
use crate::variables::spec::Spec;

/// How the mean and the variance are computed.
#[derive(Clone, Copy)]
pub(crate) struct Statistics<'a> {
    /// If false, the mean is taken as 0, for RMS normalization.
    pub(crate) use_mean: bool,
    /// One pass, as `E[x²] - E[x]²`, instead of two, as `E[(x - E[x])²]`.
    pub(crate) use_fast_variance: bool,
    /// At least `f32`, whatever the input's dtype.
    pub(crate) force_float32_reductions: bool,
    /// The dtype of the layer, if set.
    pub(crate) dtype: Option<DType>,
    /// Elements where it is false do not contribute; broadcasts to the input.
    pub(crate) mask: Option<&'a Tensor>,
}

impl Statistics<'_> {
    /// The mean and the population variance over `axes`, which keep extent 1.
    pub(crate) fn of(&self, x: &Tensor, axes: &[usize]) -> (Tensor, Tensor) {
        let dtype = self.dtype.unwrap_or_else(|| common_float(&[x]));
        let dtype = if self.force_float32_reductions { dtype.promote(F32) } else { dtype };
        let x = x.convert(dtype);
        let axes: Vec<isize> = axes.iter().map(|axis| axis.cast_signed()).collect();
        let mean_of = |x: &Tensor| mean(x, &axes, self.mask);
        if !self.use_mean {
            let mean_square = mean_of(&x.square());
            return (mean_square.zeros_like(), mean_square);
        }
        let mean = mean_of(&x);
        let variance = if self.use_fast_variance {
            // Rounding may make a difference of squares negative.
            (mean_of(&x.square()) - mean.square()).maximum(0)
        } else {
            mean_of(&(&x - &mean).square())
        };
        (mean, variance)
    }
}

/// The mean over the elements where the mask is true. Others are replaced before they are used, so NaN
/// there has no effect. NaN if the mask is false everywhere.
fn mean(x: &Tensor, axes: &[isize], mask: Option<&Tensor>) -> Tensor {
    match mask {
        None => x.mean_keepdims(axes),
        Some(mask) => {
            let counts = mask.convert(BOOL).broadcast_to(x.shape());
            let count = counts.convert(x.dtype()).sum_keepdims(axes);
            counts.select(x, 0).sum_keepdims(axes) / count
        }
    }
}

/// The scale and the bias along the feature axes; each exists if it has an initializer.
pub(crate) struct Scaling<'a> {
    pub(crate) epsilon: f64,
    pub(crate) scale_init: Option<&'a Initializer>,
    pub(crate) bias_init: Option<&'a Initializer>,
    pub(crate) dtype: Option<DType>,
    pub(crate) param_dtype: DType,
}

impl Scaling<'_> {
    /// `(x - mean) · scale / √(variance + epsilon) + bias`, with the module's parameters `scale` and
    /// `bias`. Mean and variance broadcast to `x`.
    pub(crate) fn normalize(
        &self,
        module: &impl Module,
        x: &Tensor,
        (mean, variance): (&Tensor, &Tensor),
        feature_axes: &[usize],
    ) -> Tensor {
        let features: Vec<usize> = feature_axes.iter().map(|&axis| x.shape()[axis]).collect();
        let mut along_axes = vec![1; x.rank()];
        for &axis in feature_axes {
            along_axes[axis] = x.shape()[axis];
        }
        let spec = Spec::new(features, self.param_dtype).implied_by(x);
        let param =
            |name: &str, init: &Initializer| module.param(name, init, spec.clone()).reshape(&along_axes);

        let mut dtype = common_float(&[x]);
        let mut factor = (variance + self.epsilon).rsqrt();
        if let Some(init) = self.scale_init {
            let scale = param("scale", init);
            dtype = dtype.promote(scale.dtype());
            factor = factor * scale;
        }
        let mut y = (x - mean) * factor;
        if let Some(init) = self.bias_init {
            let bias = param("bias", init);
            dtype = dtype.promote(bias.dtype());
            y = y + bias;
        }
        y.convert(self.dtype.unwrap_or(dtype))
    }
}
