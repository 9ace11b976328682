//! Weight normalization: a wrapper that normalizes the weights of another module.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor, TreePath};

use crate::args;
use crate::argument::{poisoned, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::ones;
use crate::layers::AxisList;
use crate::layers::LayerInstance;
use crate::layers::fields::check;
use crate::layers::fields::promote::common_float;
use crate::lift::map_variables;
use crate::module::Module;
use crate::module::invoke::Arguments;
use crate::variables::entry::Entry;

/// Calls a module with weights of norm 1, times a learned scale (Salimans and Kingma, 2016; Flax's
/// `WeightNorm`).
///
/// The norm is taken over all axes but the feature axes. Only the direction of the module's own
/// parameters matters; as in Flax, `init` returns normalized parameters.
///
/// Parameters: for each normalized parameter a `<module>/<path>/scale`, along its feature axes. The
/// name contains slashes, beside the module's own parameters. Flax maps the other collections too, so
/// that nothing inside can be captured and a `BatchNorm` cannot be trained; here the module keeps them.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[compact]
/// fn foo(x: &Tensor) -> Tensor {
///     WeightNorm::new(Dense::new(4)).call(x)
/// }
///
/// let variables = foo().init(Key::new(0), |m| m.call(&Tensor::spec([1, 3], F32)))?;
/// assert_eq!(variables["params"]["WeightNorm_0"]["Dense_0/kernel/scale"].as_tensor().unwrap().shape(), [4]);
/// let kernel = variables["params"]["Dense_0"]["kernel"].as_tensor().unwrap();
/// assert!((kernel.square().sum([0]) - 1.0).abs().max_all().item::<f32>()? < 1e-6);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct WeightNorm {
    /// The module whose parameters are normalized.
    #[into]
    layer_instance: LayerInstance,
    /// Added to the squared norm, to avoid a division by 0.
    #[default(1e-12)]
    epsilon: f64,
    /// The dtype of the normalized parameters; `None` promotes each with its scale.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the scales.
    #[default(F32)]
    param_dtype: DType,
    /// If true, the normalized parameters are multiplied by learned scales.
    #[default(true)]
    use_scale: bool,
    /// Initializer of the scales.
    #[default(ones())]
    scale_init: Initializer,
    /// The axes with a separate norm and scale per index; empty for one norm of the whole parameter.
    #[default(Some(AxisList::from(-1)))]
    feature_axes: Option<AxisList>,
    /// Substrings of paths: a parameter is normalized if its path, from the module's name on, contains
    /// one of them; empty means all.
    #[default(vec!["kernel"])]
    variable_filter: Vec<&'static str>,
}

#[compact]
impl WeightNorm {
    /// Calls the module on `x` with normalized parameters.
    pub fn call(&self, x: &Tensor) -> Tensor {
        match self.settings() {
            Ok(()) => self.forward(&args![x]).into_tensor(),
            Err(error) => refuse(x, error),
        }
    }

    /// As `call`, for a module with any arguments and any result.
    pub fn call_with(&self, inputs: &Arguments<'_>) -> Entry {
        match self.settings() {
            Ok(()) => self.forward(inputs),
            Err(error) => poisoned(error).into(),
        }
    }
}

impl WeightNorm {
    #[track_caller]
    fn forward(&self, inputs: &Arguments<'_>) -> Entry {
        let layer = self.layer_instance.module();
        let name = layer.name().unwrap_or_default();
        map_variables("params")
            .trans_in(|variables| variables.map_with_path(|path, value| self.normalize(&name, path, value)))
            .init(self.is_initializing())
            .run(layer, |layer| layer.forward(inputs))
    }

    /// Returns a parameter of the module `name` as the module sees it.
    fn normalize(&self, name: &str, path: &TreePath, value: &Tensor) -> Tensor {
        let path = path_in(name, path);
        if !self.variable_filter.is_empty() && !self.variable_filter.iter().any(|part| path.contains(part)) {
            return value.clone();
        }
        let feature_axes = match &self.feature_axes {
            None => Vec::new(),
            Some(axes) => match check::axes("WeightNorm", "feature_axes", axes, value) {
                Ok(axes) => axes,
                Err(error) => return refuse(value, error),
            },
        };
        let is_reduced = |axis: &usize| !feature_axes.contains(axis);
        let reduced: Vec<isize> = (0..value.rank()).filter(is_reduced).map(usize::cast_signed).collect();
        let square = value.square().sum_keepdims(&reduced);
        let mut normalized = value * (&square + self.epsilon).rsqrt();
        let mut dtype = common_float(&[value]);
        if self.use_scale {
            let features: Vec<usize> = feature_axes.iter().map(|&axis| value.shape()[axis]).collect();
            let scale =
                self.param(&format!("{path}/scale"), self.scale_init.clone(), (features, self.param_dtype));
            dtype = dtype.promote(scale.dtype());
            normalized = normalized * scale.reshape(square.shape());
        }
        normalized.convert(self.dtype.unwrap_or(dtype))
    }

    fn settings(&self) -> Result<(), Error> {
        const NAME: &str = "WeightNorm";
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)
    }
}

/// The path of a variable from the module `name` on, without the collection.
pub(super) fn path_in(name: &str, path: &TreePath) -> String {
    let path = path.to_string();
    let below = path.split_once('/').map_or("", |(_collection, below)| below);
    format!("{name}/{below}")
}
