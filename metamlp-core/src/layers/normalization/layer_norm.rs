//! Layer normalization.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::statistics::{Scaling, Statistics};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::{ones, zeros};
use crate::layers::AxisList;
use crate::layers::fields::check;

/// Normalizes each example over its last axis, or over `reduction_axes` (Ba, Kiros and Hinton, "Layer
/// normalization", 2016; Flax's `LayerNorm`).
///
/// Parameters: `scale` and `bias`, with the extents of the feature axes.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::from_vec([2, 2], vec![1.0f32, 3.0, -5.0, 5.0]);
/// let (y, variables) = LayerNorm::new().init_with_output(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  scale: f32[2]\n  bias: f32[2]");
/// assert!(y.to_vec::<f32>()?.iter().all(|y| (y.abs() - 1.0).abs() < 1e-5));
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct LayerNorm {
    /// Added to the variance, to avoid a division by 0.
    #[default(1e-6)]
    epsilon: f64,
    /// The dtype of the result; `None` promotes the input and the parameters to a common float dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// If true, a bias is added.
    #[default(true)]
    use_bias: bool,
    /// If true, the result is multiplied by a learned scale.
    #[default(true)]
    use_scale: bool,
    /// Initializer of the bias.
    #[default(zeros())]
    bias_init: Initializer,
    /// Initializer of the scale.
    #[default(ones())]
    scale_init: Initializer,
    /// The axes over which the statistics are computed.
    #[default(AxisList::from(-1))]
    reduction_axes: AxisList,
    /// The axes of the scale and the bias.
    #[default(AxisList::from(-1))]
    feature_axes: AxisList,
    /// If true, the variance is computed in one pass, as `E[x²] - E[x]²`, else in two, as `E[(x - E[x])²]`.
    #[default(true)]
    use_fast_variance: bool,
    /// If true, the statistics are computed at least in `f32`.
    #[default(true)]
    force_float32_reductions: bool,
    /// Mask for the statistics, `bool`, broadcast to the input: elements where it is false do not
    /// contribute.
    #[default(None)]
    mask: Option<Tensor>,
}

#[compact]
impl LayerNorm {
    /// Maps any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (reduction_axes, feature_axes) = match self.axes(x) {
            Ok(axes) => axes,
            Err(error) => return refuse(x, error),
        };
        let (mean, var) = self.statistics().of(x, &reduction_axes);
        self.scaling().normalize(self, x, (&mean, &var), &feature_axes)
    }
}

impl LayerNorm {
    /// Checks the fields; returns the reduction axes and the feature axes.
    fn axes(&self, x: &Tensor) -> Result<(Vec<usize>, Vec<usize>), Error> {
        const NAME: &str = "LayerNorm";
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let reduction_axes = check::axes(NAME, "reduction_axes", &self.reduction_axes, x)?;
        let feature_axes = check::axes(NAME, "feature_axes", &self.feature_axes, x)?;
        Ok((reduction_axes, feature_axes))
    }

    fn statistics(&self) -> Statistics<'_> {
        Statistics {
            use_mean: true,
            use_fast_variance: self.use_fast_variance,
            force_float32_reductions: self.force_float32_reductions,
            dtype: self.dtype,
            mask: self.mask.as_ref(),
        }
    }

    fn scaling(&self) -> Scaling<'_> {
        Scaling {
            epsilon: self.epsilon,
            scale_init: self.use_scale.then_some(&self.scale_init),
            bias_init: self.use_bias.then_some(&self.bias_init),
            dtype: self.dtype,
            param_dtype: self.param_dtype,
        }
    }
}
