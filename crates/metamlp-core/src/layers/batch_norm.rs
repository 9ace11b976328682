//! Batch normalisation.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, F32, Tensor};

use super::promote::promote;
use super::refused;
use crate::initializer::Initializer;
use crate::initializers::{ones, zeros};
use crate::module::Module;
use crate::spec::Spec;

/// Normalises over all axes but one, by the statistics of the batch or by
/// running averages of them (Ioffe and Szegedy, 2015; Flax's `BatchNorm`).
///
/// With `use_running_average(true)` the averages in the collection
/// `batch_stats` are used. With `false` those of the batch are, and the
/// averages move: `batch_stats` must be mutable, except in `init`, where they
/// stay at 0 and 1.
///
/// Parameters: `scale` and `bias`, `[features]`. Variables: `batch_stats/mean`
/// and `batch_stats/var`, `f32[features]`.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = BatchNorm::new().use_running_average(false);
/// let x = Tensor::from_vec([2, 1], vec![1.0f32, 3.0]);
/// let variables = layer.init(Key::new(0), |m| m.call(&x))?;
/// let (y, updates) = layer.apply_mut(&variables, Apply::new().mutable("batch_stats"), |m| m.call(&x))?;
/// assert!((y.to_vec::<f32>()?[1] - 1.0).abs() < 1e-4);
/// assert!((updates["batch_stats"]["mean"].tensor().unwrap().to_vec::<f32>()?[0] - 0.02).abs() < 1e-6);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct BatchNorm {
    /// Whether to use the running averages; has to be set.
    #[default(None)]
    use_running_average: Option<bool>,
    /// The axis that is not normalised over; negative counts from the end.
    #[default(-1)]
    axis: isize,
    /// How much of a running average stays, in a step.
    #[default(0.99)]
    momentum: f64,
    /// Added to the variance.
    #[default(1e-5)]
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
}

#[compact]
impl BatchNorm {
    /// Any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let Some(use_running_average) = self.use_running_average else {
            return refused(x, "BatchNorm", "use_running_average", "not set", "true or false");
        };
        let rank = x.rank().cast_signed();
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        if !(0..rank).contains(&axis) {
            return refused(x, "BatchNorm", "axis", self.axis, format!("an axis of {:?}", x.shape()));
        }
        let reduced: Vec<isize> = (0..rank).filter(|other| *other != axis).collect();
        let axis = axis.cast_unsigned();
        let features = x.shape()[axis];

        let mean = self.variable("batch_stats", "mean", || Tensor::zeros([features], F32));
        let var = self.variable("batch_stats", "var", || Tensor::ones([features], F32));
        let (batch_mean, batch_var) = if use_running_average {
            (mean.get(), var.get())
        } else {
            let [x] = promote([x], None);
            let batch_mean = x.mean(&reduced);
            let batch_var = (x.square().mean(&reduced) - batch_mean.square()).maximum(0.0);
            if !self.is_initializing() {
                let moved = |old: Tensor, new: &Tensor| self.momentum * old + (1.0 - self.momentum) * new;
                mean.update(|old| moved(old, &batch_mean));
                var.update(|old| moved(old, &batch_var));
            }
            (batch_mean, batch_var)
        };

        let mut along_axis = vec![1; x.rank()];
        along_axis[axis] = features;
        let spec = Spec::new([features], self.param_dtype).implied_by(x);
        let mut factor = (batch_var + self.epsilon).rsqrt();
        if self.use_scale {
            factor = factor * self.param("scale", &self.scale_init, spec.clone());
        }
        let mut y = (x - batch_mean.reshape(&along_axis)) * factor.reshape(&along_axis);
        if self.use_bias {
            y = y + self.param("bias", &self.bias_init, spec).reshape(&along_axis);
        }
        match self.dtype {
            Some(dtype) => y.convert(dtype),
            None => y,
        }
    }
}
