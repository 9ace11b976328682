//! Batch normalization.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor};

use super::statistics::{Scaling, Statistics};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{ones, zeros};
use crate::layers::AxisList;
use crate::layers::fields::check;
use crate::module::Module;

/// Normalizes over all axes but the feature axis, with the statistics of the batch or with running
/// averages of them (Ioffe and Szegedy, 2015; Flax's `BatchNorm`).
///
/// With `use_running_average(true)` the averages in the collection `batch_stats` are used. With `false`
/// the statistics of the batch are used and the averages are updated: `batch_stats` must be mutable.
/// `init` leaves the averages at 0 and 1.
///
/// Parameters: `scale` and `bias`, `[features]`. Variables: `batch_stats/mean`
/// and `batch_stats/var`, `f32[features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = BatchNorm::new().use_running_average(false);
/// let x = Tensor::from_vec([2, 1], vec![1.0f32, 3.0]);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// let (y, updates) = layer.apply_mut(&variables, Options::new().mutable("batch_stats"), |m| m.call(&x))?;
/// assert!((y.to_vec::<f32>()?[1] - 1.0).abs() < 1e-4);
/// assert!((updates["batch_stats"]["mean"].as_tensor().unwrap().to_vec::<f32>()?[0] - 0.02).abs() < 1e-6);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct BatchNorm {
    /// If true, the running averages are used instead of the statistics of the batch. Must be set.
    #[default(None)]
    use_running_average: Option<bool>,
    /// The feature axis or axes, which are not normalized over.
    #[default(AxisList::from(-1))]
    axis: AxisList,
    /// Decay of the running averages: `average = momentum · average + (1 - momentum) · statistic`.
    #[default(0.99)]
    momentum: f64,
    /// Added to the variance, to avoid a division by 0.
    #[default(1e-5)]
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
    /// If true, the variance is computed in one pass, as `E[x²] - E[x]²`, else in two, as `E[(x - E[x])²]`.
    #[default(true)]
    use_fast_variance: bool,
    /// If true, the statistics and the running averages are at least in `f32`.
    #[default(true)]
    force_float32_reductions: bool,
    /// Mask for the statistics, `bool`, broadcast to the input: elements where it is false do not
    /// contribute.
    #[default(None)]
    mask: Option<Tensor>,
}

#[compact]
impl BatchNorm {
    /// Maps any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (use_running_average, axes) = match self.settings(x) {
            Ok(settings) => settings,
            Err(error) => return refuse(x, error),
        };
        let features: Vec<usize> = axes.iter().map(|&axis| x.shape()[axis]).collect();
        let reduced: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
        let kept = |axis: usize| if axes.contains(&axis) { x.shape()[axis] } else { 1 };
        let along_axes: Vec<usize> = (0..x.rank()).map(kept).collect();

        let dtype = if self.force_float32_reductions { F32 } else { self.param_dtype };
        let running_mean = self.variable("batch_stats", "mean", || Tensor::zeros(&features, dtype));
        let running_var = self.variable("batch_stats", "var", || Tensor::ones(&features, dtype));
        let (mean, var) = if use_running_average {
            (running_mean.get().reshape(&along_axes), running_var.get().reshape(&along_axes))
        } else {
            let (mean, var) = self.statistics().of(x, &reduced);
            if !self.is_initializing() {
                let moved = |old: Tensor, new: &Tensor| {
                    self.momentum * old + (1.0 - self.momentum) * new.reshape(&features)
                };
                running_mean.update(|old| moved(old, &mean));
                running_var.update(|old| moved(old, &var));
            }
            (mean, var)
        };
        self.scaling().normalize(self, x, (&mean, &var), &axes)
    }
}

impl BatchNorm {
    /// Checks the fields; returns `use_running_average` and the feature axes.
    fn settings(&self, x: &Tensor) -> Result<(bool, Vec<usize>), Error> {
        const NAME: &str = "BatchNorm";
        let Some(use_running_average) = self.use_running_average else {
            return Err(invalid(NAME, "use_running_average", "not set", "true or false"));
        };
        check::fraction(NAME, "momentum", self.momentum)?;
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        Ok((use_running_average, check::axes(NAME, "axis", &self.axis, x)?))
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
