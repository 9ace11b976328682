//! Dropout.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{Error, Tensor};

use super::{AxisList, check};
use crate::argument::{invalid, refuse};
use crate::module::Module;

/// Sets elements to 0 at random and multiplies the rest by `1 / (1 - rate)`
/// (Srivastava et al., 2014; Flax's `Dropout`).
///
/// The random stream is `dropout`; a module that is called twice drops
/// something else each time.
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
    /// The probability of 0.
    rate: f64,
    /// Axes along which all elements share their fate.
    #[default(AxisList::default())]
    broadcast_dims: AxisList,
    /// Whether to pass the input on as it is; has to be set.
    #[default(None)]
    deterministic: Option<bool>,
    /// The name of the random stream.
    #[default("dropout".to_owned())]
    rng_collection: String,
    /// A key in the place of the stream's.
    #[default(None)]
    rng: Option<Key>,
}

#[compact]
impl Dropout {
    /// Any shape to the same shape.
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
    /// Whether to do nothing, and the axes that are not drawn for, if all is well.
    fn settings(&self, x: &Tensor) -> Result<(bool, Vec<usize>), Error> {
        check::fraction("Dropout", "rate", self.rate)?;
        let Some(deterministic) = self.deterministic else {
            return Err(invalid("Dropout", "deterministic", "not set", "true or false"));
        };
        Ok((deterministic, check::axes("Dropout", "broadcast_dims", &self.broadcast_dims, x)?))
    }
}
