//! Adam's step before the learning rate.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, corrected_mean, incremented, normalized, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Adam's step before the learning rate (optax's `scale_by_adam`): the mean of the gradients
    /// divided by the root of the mean of their squares, both bias-corrected.
    ///
    /// State: `count` (the number of steps, `i32`), and the means `mu` and `nu`, one tensor
    /// for each parameter.
    ///
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015).
    pub struct ScaleByAdam() as scale_by_adam -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
        nesterov: bool = false,
    }
}

impl GradientTransformation for ScaleByAdam {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("eps_root", &self.eps_root, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_adam", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([
            ("count", State::count()),
            ("mu", State::zeros_like(params)),
            ("nu", State::zeros_like(params)),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { b1, b2, eps, eps_root, .. } = self;
        let count = incremented(state.tensor("count")?);
        let mu = updated_mean(&updates, state.leaves("mu", &updates)?, b1);
        let nu = updated_mean_square(&updates, state.leaves("nu", &updates)?, b2);
        let mu_hat = corrected_mean(&updates, &mu, b1, &count, self.nesterov);
        let bias = Bias::new(b2, &count);
        let updates =
            mu_hat.zip_map(&nu, |mu_hat, nu| normalized(mu_hat, &bias.corrected(nu), eps_root, eps));
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
