//! Adam and its relatives.

use metamlp_tensor::{DType, F32, F64, I32, Result, Tensor, TreePath};

use super::add_decayed_weights::AddDecayedWeights;
use super::chain::chain;
use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::scale::{incremented, scale_by_learning_rate};
use super::schedule::Schedule;
use super::state::State;
use super::transformation::{GradientTransformation, require};

/// Adam with its usual options; [`Adam`] has them.
#[must_use]
pub fn adam(learning_rate: impl Into<Schedule>) -> Optimizer {
    Adam::new(learning_rate).into()
}

/// Adam with decoupled weight decay of 1e-4; [`AdamW`] has the options.
#[must_use]
pub fn adamw(learning_rate: impl Into<Schedule>) -> Optimizer {
    AdamW::new(learning_rate).into()
}

/// The step of [`adam`] before the learning rate; [`ScaleByAdam`] has the options.
#[must_use]
pub fn scale_by_adam() -> Optimizer {
    ScaleByAdam::new().into()
}

macro_rules! moments_options {
    ($($owner:tt)*) => {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        pub fn b1(mut self, b1: f64) -> Self {
            self.$($owner)*b1 = b1;
            self
        }

        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        pub fn b2(mut self, b2: f64) -> Self {
            self.$($owner)*b2 = b2;
            self
        }

        /// Added to the root of the mean square; 1e-8.
        pub fn eps(mut self, eps: f64) -> Self {
            self.$($owner)*eps = eps;
            self
        }

        /// Added to the mean square below the root, for gradients through the update; 0.
        pub fn eps_root(mut self, eps_root: f64) -> Self {
            self.$($owner)*eps_root = eps_root;
            self
        }

        /// Whether momentum looks a step ahead (Dozat, "Incorporating Nesterov momentum into Adam", 2016).
        pub fn nesterov(mut self, nesterov: bool) -> Self {
            self.$($owner)*nesterov = nesterov;
            self
        }
    };
}

/// Adam (optax's `adam`).
///
/// Kingma and Ba, "Adam: a method for stochastic optimization" (2015).
///
/// ```
/// use metamlp::optim::{Adam, Optimizer};
/// let optimizer: Optimizer = Adam::new(1e-3).b2(0.95).eps(1e-6).into();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Adam {
    learning_rate: Schedule,
    moments: ScaleByAdam,
}

impl Adam {
    /// Adam with its usual options.
    pub fn new(learning_rate: impl Into<Schedule>) -> Self {
        Self { learning_rate: learning_rate.into(), moments: ScaleByAdam::new() }
    }

    moments_options!(moments.);
}

impl From<Adam> for Optimizer {
    fn from(adam: Adam) -> Self {
        chain([adam.moments.into(), scale_by_learning_rate(adam.learning_rate)])
    }
}

/// Adam with decoupled weight decay (optax's `adamw`): an update is minus the
/// learning rate times the sum of Adam's step and the decayed parameters.
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
///
/// ```
/// use metamlp::optim::{AdamW, Optimizer};
/// let no_bias = |path: &metamlp::tensor::TreePath| !path.to_string().ends_with("bias");
/// let optimizer: Optimizer = AdamW::new(1e-3).weight_decay(0.1).mask(no_bias).into();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AdamW {
    learning_rate: Schedule,
    moments: ScaleByAdam,
    decay: AddDecayedWeights,
}

impl AdamW {
    /// AdamW with its usual options.
    pub fn new(learning_rate: impl Into<Schedule>) -> Self {
        let decay = AddDecayedWeights::new(1e-4);
        Self { learning_rate: learning_rate.into(), moments: ScaleByAdam::new(), decay }
    }

    /// The parameters' factor in the update, beside the learning rate; 1e-4.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.decay = self.decay.weight_decay(weight_decay);
        self
    }

    /// Only those parameters decay for whose path `mask` is true.
    pub fn mask(mut self, mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static) -> Self {
        self.decay = self.decay.mask(mask);
        self
    }

    moments_options!(moments.);
}

impl From<AdamW> for Optimizer {
    fn from(adamw: AdamW) -> Self {
        chain([adamw.moments.into(), adamw.decay.into(), scale_by_learning_rate(adamw.learning_rate)])
    }
}

/// Adam's step before the learning rate (optax's `scale_by_adam`): the mean of
/// the gradients over the root of the mean of their squares, both corrected for
/// their start at 0.
///
/// State: the `count` of steps (`i32`), and the means `mu` and `nu`, one tensor
/// for each parameter.
#[derive(Clone, Debug)]
#[must_use]
pub struct ScaleByAdam {
    b1: f64,
    b2: f64,
    eps: f64,
    eps_root: f64,
    nesterov: bool,
}

impl ScaleByAdam {
    /// The usual options.
    pub fn new() -> Self {
        Self { b1: 0.9, b2: 0.999, eps: 1e-8, eps_root: 0.0, nesterov: false }
    }

    moments_options!();

    fn check(&self) -> Result<()> {
        for (name, decay) in [("b1", self.b1), ("b2", self.b2)] {
            require((0.0..1.0).contains(&decay), "adam", name, decay, "a number in [0, 1)")?;
        }
        for (name, eps) in [("eps", self.eps), ("eps_root", self.eps_root)] {
            require(eps >= 0.0 && eps.is_finite(), "adam", name, eps, "a finite number, not negative")?;
        }
        Ok(())
    }
}

impl Default for ScaleByAdam {
    fn default() -> Self {
        Self::new()
    }
}

impl GradientTransformation for ScaleByAdam {
    fn init(&self, params: &Leaves) -> State {
        let zeros = || State::Leaves(params.map(Tensor::zeros_like));
        State::fields([("count", State::Tensor(Tensor::zeros([], I32))), ("mu", zeros()), ("nu", zeros())])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        self.check()?;
        let Self { b1, b2, eps, eps_root, nesterov } = *self;
        let count = incremented(state.tensor("count")?);
        let mu = updates.zip_map(state.leaves("mu")?, |g, mu| g * (1.0 - b1) + mu * b1);
        let nu = updates.zip_map(state.leaves("nu")?, |g, nu| g.square() * (1.0 - b2) + nu * b2);

        let mu_bias = Bias::new(b1, &count);
        let mu_hat = if nesterov {
            let ahead = Bias::new(b1, &incremented(&count));
            mu.zip_map(&updates, |mu, g| ahead.corrected(mu) * b1 + mu_bias.corrected(g) * (1.0 - b1))
        } else {
            mu.map(|mu| mu_bias.corrected(mu))
        };
        let nu_bias = Bias::new(b2, &count);
        let updates = mu_hat.zip_map(&nu, |mu_hat, nu| {
            let nu_hat = nu_bias.corrected(nu);
            let below_root = if eps_root == 0.0 { nu_hat } else { nu_hat + eps_root };
            mu_hat / (below_root.sqrt() + eps)
        });
        let (mu, nu) = (State::Leaves(mu), State::Leaves(nu));
        Ok((updates, State::fields([("count", State::Tensor(count)), ("mu", mu), ("nu", nu)])))
    }
}

/// What a decaying mean that started at 0 lacks: `1 - decay^count`.
struct Bias {
    f32: Tensor,
    f64: Tensor,
}

impl Bias {
    fn new(decay: f64, count: &Tensor) -> Self {
        let of = |dtype: DType| 1.0 - Tensor::full([], decay, dtype).power(count);
        Self { f32: of(F32), f64: of(F64) }
    }

    fn corrected(&self, mean: &Tensor) -> Tensor {
        match mean.dtype() {
            F64 => mean / &self.f64,
            dtype => mean / self.f32.convert(dtype),
        }
    }
}
