//! Adamax's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, updated_mean};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Adamax's step before the learning rate (optax's `scale_by_adamax`): Adam's with the maximum norm
    /// in place of the Euclidean one; the mean of the gradients divided by the decayed maximum of their
    /// absolute values.
    ///
    /// State: `count` (the number of steps, `i32`), and `mu` and `nu`, one tensor per parameter each.
    ///
    /// Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 7.1.
    pub struct ScaleByAdamax() as scale_by_adamax -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the largest absolute gradient, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the absolute gradient. Default: 1e-8.
        eps: Hyperparam = 1e-8,
    }
}

impl GradientTransformation for ScaleByAdamax {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_adamax", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([
            ("count", State::count()),
            ("mu", State::zeros_like(params)),
            ("nu", State::zeros_like(params)),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { b1, b2, eps } = self;
        let count = incremented(state.tensor("count")?);
        let mu = updated_mean(&updates, state.leaves("mu", &updates)?, b1);
        let largest = |g: &Tensor, nu: &Tensor| (widened(g).abs() + eps).maximum(widened(nu) * b2);
        let before = state.leaves("nu", &updates)?;
        let wide = updates.zip_map(before, largest);
        let nu = wide.zip_map(before, |wide, before| wide.convert(before.dtype()));
        let mu_hat = Bias::new(b1, &count).corrected_all(&mu);
        let updates = mu_hat.zip_map(&wide, |mu_hat, nu| (widened(mu_hat) / nu).convert(mu_hat.dtype()));
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
