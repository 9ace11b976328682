//! Group normalisation.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::statistics::{Scaling, Statistics};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{ones, zeros};
use crate::layers::{AxisList, check};

/// Normalises each example over groups of its channels (Wu and He, "Group
/// normalization", 2018; Flax's `GroupNorm`). The channels are the last axis.
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
    /// Into how many groups the channels are parted; `None` if `group_size` says it.
    #[default(Some(32))]
    num_groups: Option<usize>,
    /// How many channels a group has, in the place of `num_groups`.
    #[default(None)]
    group_size: Option<usize>,
    /// Added to the variance.
    #[default(1e-6)]
    epsilon: f64,
    /// The dtype of the result; by default the widest of the input and the parameters.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype that the parameters are created in.
    #[default(F32)]
    param_dtype: DType,
    /// Whether a bias is added.
    #[default(true)]
    use_bias: bool,
    /// Whether the result is multiplied by a scale.
    #[default(true)]
    use_scale: bool,
    /// What the bias is initialised by.
    #[default(zeros())]
    bias_init: Initializer,
    /// What the scale is initialised by.
    #[default(ones())]
    scale_init: Initializer,
    /// The axes that are normalised over, the last among them; by default all but the first.
    #[default(None)]
    reduction_axes: Option<AxisList>,
    /// Whether the variance is `E x² - (E x)²`, in one pass, and not `E (x - E x)²`.
    #[default(true)]
    use_fast_variance: bool,
    /// Whether the statistics are computed in `f32` at least.
    #[default(true)]
    force_float32_reductions: bool,
    /// Which elements the statistics are of: `true` where one counts. Broadcasts to the input.
    #[default(None)]
    mask: Option<Tensor>,
}

#[compact]
impl GroupNorm {
    /// Any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (reduction_axes, group_size) = match self.groups(x) {
            Ok(groups) => groups,
            Err(error) => return refuse(x, error),
        };
        let channels = x.rank() - 1;
        let in_groups = |x: &Tensor| {
            let (outer, extent) = (&x.shape()[..x.rank() - 1], x.shape()[x.rank() - 1]);
            // A mask may have one channel for all.
            let split = if extent == 1 { [1, 1] } else { [extent / group_size, group_size] };
            x.reshape([outer, &split].concat())
        };
        // The channels are two axes now, of which the members of a group are the second.
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
    /// The reduced axes and how many channels a group has, if all is well.
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
            let expected = format!("one that broadcasts to {:?}, of as many axes", x.shape());
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
