//! Group normalization.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::statistics::{Scaling, Statistics};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{ones, zeros};
use crate::layers::AxisList;
use crate::layers::fields::check;

/// Normalizes each example over groups of channels, the last axis (Wu and He, "Group normalization",
/// 2018; Flax's `GroupNorm`).
///
/// Parameters: `scale` and `bias`, `[channels]`.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::from_vec([1, 4], vec![1.0f32, 3.0, 10.0, 30.0]);
/// let (y, variables) = GroupNorm::new().num_groups(2).init_with_output(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(variables.to_string(), "params:\n  scale: f32[4]\n  bias: f32[4]");
/// assert!(y.to_vec::<f32>()?.iter().all(|y| (y.abs() - 1.0).abs() < 1e-5));
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct GroupNorm {
    /// Number of groups; `None` if `group_size` is set.
    #[default(Some(32))]
    num_groups: Option<usize>,
    /// Number of channels per group, instead of `num_groups`.
    #[default(None)]
    group_size: Option<usize>,
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
    /// The axes over which the statistics are computed, the last among them; `None` means all but the
    /// first.
    #[default(None)]
    reduction_axes: Option<AxisList>,
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
impl GroupNorm {
    /// Maps any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (reduction_axes, group_size) = match self.groups(x) {
            Ok(groups) => groups,
            Err(error) => return refuse(x, error),
        };
        let channels = x.rank() - 1;
        let in_groups = |x: &Tensor| {
            let (outer, extent) = (&x.shape()[..x.rank() - 1], x.shape()[x.rank() - 1]);
            // The mask may have extent 1 along the channels.
            let split = if extent == 1 { [1, 1] } else { [extent / group_size, group_size] };
            x.reshape([outer, &split].concat())
        };
        // The channels are two axes here: groups, and the channels of a group.
        let reduced: Vec<usize> =
            reduction_axes.iter().map(|&axis| if axis == channels { axis + 1 } else { axis }).collect();
        let mask = self.mask.as_ref().map(in_groups);
        let (mean, var) = self.statistics(mask.as_ref()).of(&in_groups(x), &reduced);
        let along_channels = |statistic: &Tensor| {
            let (outer, groups) = (&statistic.shape()[..channels], statistic.shape()[channels]);
            let each = statistic.broadcast_to([outer, &[groups, group_size]].concat());
            each.reshape([outer, &[groups * group_size]].concat())
        };
        self.scaling().normalize(self, x, (&along_channels(&mean), &along_channels(&var)), &[channels])
    }
}

impl GroupNorm {
    /// Checks the fields; returns the reduction axes and the channels per group.
    fn groups(&self, x: &Tensor) -> Result<(Vec<usize>, usize), Error> {
        const NAME: &str = "GroupNorm";
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        let channels = check::last_axis(NAME, x)?;
        let reduction_axes = match &self.reduction_axes {
            Some(axes) => check::axes(NAME, "reduction_axes", axes, x)?,
            None if x.rank() == 1 => vec![0],
            None => (1..x.rank()).collect(),
        };
        if reduction_axes.last() != Some(&(x.rank() - 1)) {
            let found = format!("{reduction_axes:?}");
            return Err(invalid(
                NAME,
                "reduction_axes",
                found,
                "the last axis among them, which has the channels",
            ));
        }
        let divisor = |field, found: usize| match found {
            1.. if channels.is_multiple_of(found) => Ok(found),
            _ => Err(invalid(NAME, field, found, format!("a divisor of the {channels} channels"))),
        };
        let group_size = match (self.num_groups, self.group_size) {
            (Some(groups), None) => channels / divisor("num_groups", groups)?,
            (None, Some(size)) => divisor("group_size", size)?,
            (None, None) => {
                return Err(invalid(NAME, "num_groups", "None", "a number, or one for group_size"));
            }
            (Some(groups), Some(_)) => {
                let expected = "None where group_size is given: num_groups(None)";
                return Err(invalid(NAME, "num_groups", groups, expected));
            }
        };
        if let Some(mask) = &self.mask
            && (mask.rank() != x.rank() || ![1, channels].contains(&mask.shape()[x.rank() - 1]))
        {
            let expected = format!("one that broadcasts to {:?}, with as many axes", x.shape());
            return Err(invalid(NAME, "mask", format!("{:?}", mask.shape()), expected));
        }
        Ok((reduction_axes, group_size))
    }

    fn statistics<'a>(&self, mask: Option<&'a Tensor>) -> Statistics<'a> {
        Statistics {
            use_mean: true,
            use_fast_variance: self.use_fast_variance,
            force_float32_reductions: self.force_float32_reductions,
            dtype: self.dtype,
            mask,
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
