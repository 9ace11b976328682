//! The network that predicts potentials, written as a user would write a module.

use metamlp::prelude::*;

use crate::meta::potential_model::PotentialModel;

/// A multi-layer perceptron that maps two distributions to a potential: OTT's
/// `MetaMLP` (`ott.initializers.nn.initializers`, 0.3.0 to 0.4.4). The same key
/// gives the same parameters, to the bit.
///
/// The input is `[a, b]`, joined along the last axis. It passes through
/// `num_hidden_layers` layers `relu(Dense(num_hidden_units))`, then
/// `Dense(potential_size)`. The computation is in the dtype of `a`; the
/// parameters are `f32`. Unlike OTT's it accepts batches.
///
/// ```
/// use metamlp_core::prelude::*;
/// use metamlp_ot::MetaMLP;
/// let model = MetaMLP::new(64);
/// let example = Tensor::spec([64], F32);
/// let variables = model.init(Key::new(0), |m| m.call(&example, &example))?;
/// assert_eq!(variables.params().size(), 624_192);
/// let weights = Tensor::full([10, 64], 1.0 / 64.0, F32);
/// let f = model.apply(&variables, (), |m| m.call(&weights, &weights))?;
/// assert_eq!(f.shape(), [10, 64]);
/// # Ok::<(), metamlp_core::Error>(())
/// ```
#[module]
pub struct MetaMLP {
    /// The size of the potential: the number of rows of the geometry.
    potential_size: usize,
    /// The width of the hidden layers.
    #[default(512)]
    num_hidden_units: usize,
    /// The number of hidden layers; with 0 the network is an affine map.
    #[default(3)]
    num_hidden_layers: usize,
}

#[compact]
impl MetaMLP {
    /// Maps weights `a`, `[.., n]`, and `b`, `[.., m]`, to a potential `[.., potential_size]`.
    pub fn call(&self, a: &Tensor, b: &Tensor) -> Tensor {
        let dtype = a.dtype();
        let mut z = Tensor::concatenate(&[a, b], -1);
        for _ in 0..self.num_hidden_layers {
            z = relu(&Dense::new(self.num_hidden_units).dtype(dtype).call(&z));
        }
        Dense::new(self.potential_size).dtype(dtype).call(&z)
    }
}

impl PotentialModel for MetaMLP {
    fn potential(&self, a: &Tensor, b: &Tensor) -> Tensor {
        self.call(a, b)
    }
}
