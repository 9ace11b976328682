//! RMS normalization.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::statistics::{Scaling, Statistics};
use crate::argument::refuse;
use crate::initializers::initializer::Initializer;
use crate::initializers::ones;
use crate::layers::AxisList;
use crate::layers::fields::check;

/// Divides each example by the root mean square of its last axis, or of `reduction_axes` (Zhang and
/// Sennrich, "Root mean square layer normalization", 2019; Flax's `RMSNorm`).
///
/// Parameters: `scale`, with the extents of the feature axes.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::from_vec([1, 2], vec![1.0f32, 7.0]);
/// let (y, variables) = RMSNorm::new().init_with_output(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  scale: f32[2]");
/// assert!((y.to_vec::<f32>()?[1] - 1.4).abs() < 1e-5);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct RMSNorm {
    /// Added to the mean square, to avoid a division by 0.
    #[default(1e-6)]
    epsilon: f64,
    /// The dtype of the result; `None` promotes the input and the parameters to a common float dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// If true, the result is multiplied by a learned scale.
    #[default(true)]
    use_scale: bool,
    /// Initializer of the scale.
    #[default(ones())]
    scale_init: Initializer,
    /// The axes over which the statistics are computed.
    #[default(AxisList::from(-1))]
    reduction_axes: AxisList,
    /// The axes of the scale and the bias.
    #[default(AxisList::from(-1))]
    feature_axes: AxisList,
    /// If true, the statistics are computed at least in `f32`.
    #[default(true)]
    force_float32_reductions: bool,
    /// Mask for the statistics, `bool`, broadcast to the input: elements where it is false do not
    /// contribute.
    #[default(None)]
    mask: Option<Tensor>,
}

#[compact]
impl RMSNorm {
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

impl RMSNorm {
    /// Checks the fields; returns the reduction axes and the feature axes.
    fn axes(&self, x: &Tensor) -> Result<(Vec<usize>, Vec<usize>), Error> {
        const NAME: &str = "RMSNorm";
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let reduction_axes = check::axes(NAME, "reduction_axes", &self.reduction_axes, x)?;
        let feature_axes = check::axes(NAME, "feature_axes", &self.feature_axes, x)?;
        Ok((reduction_axes, feature_axes))
    }

    fn statistics(&self) -> Statistics<'_> {
        Statistics {
            use_mean: false,
            use_fast_variance: true,
            force_float32_reductions: self.force_float32_reductions,
            dtype: self.dtype,
            mask: self.mask.as_ref(),
        }
    }

    fn scaling(&self) -> Scaling<'_> {
        Scaling {
            epsilon: self.epsilon,
            scale_init: self.use_scale.then_some(&self.scale_init),
            bias_init: None,
            dtype: self.dtype,
            param_dtype: self.param_dtype,
        }
    }
}
