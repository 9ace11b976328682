//! Dropout.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{Error, Tensor};

use super::AxisList;
use super::fields::check;
use crate::argument::{invalid, refuse};
use crate::module::Module;

/// Sets elements to 0 at random and multiplies the others by `1 / (1 - rate)` (Srivastava et al., 2014;
/// Flax's `Dropout`).
///
/// Random stream: `dropout`. Each call of a module draws another mask.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = Dropout::new(0.5).deterministic(false);
/// let x = Tensor::ones([2, 4], F32);
/// let y = layer.apply(&Variables::new(), Options::new().rng("dropout", Key::new(3)), |m| m.call(&x))?;
/// assert!(y.to_vec::<f32>()?.iter().all(|y| [0.0, 2.0].contains(y)));
/// # Ok::<(), metamlp::Error>(())
/// ```
#[module]
pub struct Dropout {
    /// Dropout probability.
    rate: f64,
    /// Axes along which one mask is shared.
    #[default(AxisList::default())]
    broadcast_dims: AxisList,
    /// If true, the input is returned unchanged. Must be set.
    #[default(None)]
    deterministic: Option<bool>,
    /// Name of the random stream.
    #[default("dropout".to_owned())]
    rng_collection: String,
    /// A key to use instead of the random stream.
    #[default(None)]
    rng: Option<Key>,
}

#[compact]
impl Dropout {
    /// Maps any shape to the same shape.
    pub fn call(&self, x: &Tensor) -> Tensor {
        let (deterministic, broadcast) = match self.settings(x) {
            Ok(settings) => settings,
            Err(error) => return refuse(x, error),
        };
        if deterministic || self.rate == 0.0 {
            return x.clone();
        }
        if self.rate == 1.0 {
            return x.zeros_like();
        }
        let key = self.rng.clone().unwrap_or_else(|| self.make_rng(&self.rng_collection));
        let extent = |(axis, &extent)| if broadcast.contains(&axis) { 1 } else { extent };
        let shape: Vec<usize> = x.shape().iter().enumerate().map(extent).collect();
        let keep_prob = 1.0 - self.rate;
        random::bernoulli(key, keep_prob, shape).select(x / keep_prob, 0)
    }
}

impl Dropout {
    /// Checks the fields; returns `deterministic` and the axes of `broadcast_dims`.
    fn settings(&self, x: &Tensor) -> Result<(bool, Vec<usize>), Error> {
        check::fraction("Dropout", "rate", self.rate)?;
        let Some(deterministic) = self.deterministic else {
            return Err(invalid("Dropout", "deterministic", "not set", "true or false"));
        };
        Ok((deterministic, check::axes("Dropout", "broadcast_dims", &self.broadcast_dims, x)?))
    }
}
