//! Spectral normalization: a wrapper that normalizes the matrices of another module.

use metamlp_macros::{compact, module};
use metamlp_tensor::{DType, Error, F32, Tensor, TreePath, random};

use super::weight_norm::path_in;
use crate::args;
use crate::argument::{invalid, poisoned, refuse, refused};
use crate::layers::LayerInstance;
use crate::layers::fields::check;
use crate::layers::fields::promote::common_float;
use crate::lift::map_variables;
use crate::module::Module;
use crate::module::invoke::Arguments;
use crate::variables::entry::Entry;

/// Upper bound of `n_steps`, so that the program stays compilable.
const MOST_STEPS: usize = 1000;

/// Calls a module with matrices of spectral norm 1 (Miyato et al., "Spectral normalization for
/// generative adversarial networks", 2018; Flax's `SpectralNorm`).
///
/// Each parameter is divided by an estimate of its largest singular value, which power iteration
/// improves from call to call. A parameter with more than two axes is a matrix of all axes but the last
/// by the last; vectors and scalars are unchanged. As in Flax, `init` returns normalized parameters.
///
/// Variables, for each matrix: `batch_stats/<module>/<path>/u`, `[1, columns]`, drawn from the stream
/// `params`, and `batch_stats/<module>/<path>/sigma`, `[]`. The names contain slashes. Flax maps the
/// module's other collections too; here the module keeps them.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[compact]
/// fn foo(x: &Tensor, train: bool) -> Tensor {
///     SpectralNorm::new(Dense::new(4)).call(x, train)
/// }
///
/// let x = Tensor::ones([1, 3], F32);
/// let variables = foo().init(Key::new(0), |m| m.call(&x, false))?;
/// assert_eq!(
///     variables["batch_stats"].to_string(),
///     "SpectralNorm_0:\n  Dense_0/kernel/u: f32[1, 4]\n  Dense_0/kernel/sigma: f32[]"
/// );
/// let train = Options::new().mutable("batch_stats");
/// let (_, updates) = foo().apply_mut(&variables, train, |m| m.call(&x, true))?;
/// let y = foo().apply(&variables.updated(updates), (), |m| m.call(&x, false))?;
/// assert_eq!(y.shape(), [1, 4]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct SpectralNorm {
    /// The module whose parameters are normalized.
    #[into]
    layer_instance: LayerInstance,
    /// Number of steps of power iteration per call; with 0 nothing is normalized.
    #[default(1)]
    n_steps: usize,
    /// Added to the squared norm of a vector, to avoid a division by 0.
    #[default(1e-12)]
    epsilon: f64,
    /// The dtype of the normalized parameters; `None` promotes each with `u` and `sigma`.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of `u` and `sigma`.
    #[default(F32)]
    param_dtype: DType,
    /// If true, a parameter with three or more axes is an error.
    #[default(false)]
    error_on_non_matrix: bool,
    /// The collection of `u` and `sigma`.
    #[default("batch_stats".to_owned())]
    collection_name: String,
}

#[compact]
impl SpectralNorm {
    /// Calls the module on `x` with normalized parameters. With `update_stats` (for training), `u` and
    /// `sigma` are stored, and the next call continues from them.
    pub fn call(&self, x: &Tensor, update_stats: bool) -> Tensor {
        match self.settings() {
            Ok(()) => self.forward(&args![x], update_stats).into_tensor(),
            Err(error) => refuse(x, error),
        }
    }

    /// As `call`, for a module with any arguments and any result.
    pub fn call_with(&self, inputs: &Arguments<'_>, update_stats: bool) -> Entry {
        match self.settings() {
            Ok(()) => self.forward(inputs, update_stats),
            Err(error) => poisoned(error).into(),
        }
    }
}

impl SpectralNorm {
    #[track_caller]
    fn forward(&self, inputs: &Arguments<'_>, update_stats: bool) -> Entry {
        let layer = self.layer_instance.module();
        let name = layer.name().unwrap_or_default();
        let normalize =
            |path: &TreePath, value: &Tensor| self.normalize(&path_in(&name, path), value, update_stats);
        map_variables("params")
            .trans_in(|variables| variables.map_with_path(normalize))
            .init(self.is_initializing())
            .mutable(true)
            .run(layer, |layer| layer.forward(inputs))
    }

    /// Returns the parameter `path` as the module sees it.
    fn normalize(&self, path: &str, param: &Tensor, update_stats: bool) -> Tensor {
        let Some((&columns, rows)) = param.shape().split_last() else { return param.clone() };
        if rows.is_empty() || self.n_steps == 0 {
            return param.clone();
        }
        if rows.len() > 1 && self.error_on_non_matrix {
            let found = format!("set, and `{path}` is {:?}", param.shape());
            return refused(param, "SpectralNorm", "error_on_non_matrix", found, "matrices");
        }
        let matrix = param.reshape([rows.iter().product(), columns]);
        let collection = &self.collection_name;
        let u_var = self.variable(collection, &format!("{path}/u"), || {
            random::normal_dtype(self.make_rng("params"), [1, columns], self.param_dtype)
        });
        let sigma_var =
            self.variable(collection, &format!("{path}/sigma"), || Tensor::ones([], self.param_dtype));

        let mut u = u_var.get();
        let mut v = u.clone();
        for _ in 0..self.n_steps {
            v = self.unit(&u.matmul(&matrix.t()));
            u = self.unit(&v.matmul(&matrix));
        }
        let (u, v) = (u.stop_gradient(), v.stop_gradient());
        let sigma = v.matmul(&matrix).matmul(&u.t()).reshape([]);
        let divisor = sigma.equal(0).select(1, &sigma);
        if update_stats {
            u_var.set(&u);
            sigma_var.set(&sigma);
        }
        let dtype = self.dtype.unwrap_or_else(|| common_float(&[param, &u, &v, &sigma]));
        (matrix / divisor).reshape(param.shape()).convert(dtype)
    }

    /// Divides the vector by its norm.
    fn unit(&self, vector: &Tensor) -> Tensor {
        vector * (vector.square().sum_all() + self.epsilon).rsqrt()
    }

    fn settings(&self) -> Result<(), Error> {
        const NAME: &str = "SpectralNorm";
        if self.n_steps > MOST_STEPS {
            return Err(invalid(NAME, "n_steps", self.n_steps, format!("0 to {MOST_STEPS}")));
        }
        check::epsilon(NAME, self.epsilon)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)
    }
}
