//! AdaBelief's step before the learning rate.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, corrected_mean, incremented, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// AdaBelief's step before the learning rate (optax's `scale_by_belief`): the mean of the gradients
    /// divided by the root of their mean squared distance from it.
    ///
    /// State: `count` (the number of steps, `i32`), and the means `mu` and `nu`, one tensor
    /// for each parameter.
    ///
    /// Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients" (2020).
    pub struct ScaleByBelief() as scale_by_belief -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean squared distance from that mean, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-16.
        eps: Hyperparam = 1e-16,
        /// Added to the mean squared distance in each step. Default: 1e-16.
        eps_root: Hyperparam = 1e-16,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
        nesterov: bool = false,
    }
}

impl GradientTransformation for ScaleByBelief {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("eps_root", &self.eps_root, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_belief", name, range))
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
        let error = updates.zip_map(&mu, |g, mu| g - mu);
        let nu = updated_mean_square(&error, state.leaves("nu", &updates)?, b2).map(|nu| nu + eps_root);
        let mu_hat = corrected_mean(&updates, &mu, b1, &count, self.nesterov);
        let bias = Bias::new(b2, &count);
        let updates = mu_hat.zip_map(&nu, |mu_hat, nu| {
            let divisor = widened(&bias.corrected(nu)).sqrt() + eps;
            (widened(mu_hat) / divisor).convert(mu_hat.dtype().promote(nu.dtype()))
        });
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
