//! Yogi's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, normalized, updated_mean};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Yogi's step before the learning rate (optax's `scale_by_yogi`): Adam's with a mean square that
    /// changes in each step by at most the square of the gradient.
    ///
    /// State: `count` (the number of steps, `i32`), and the means `mu` and `nu`, one tensor
    /// for each parameter.
    ///
    /// Zaheer et al., "Adaptive methods for nonconvex optimization" (2018).
    pub struct ScaleByYogi() as scale_by_yogi -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-3.
        eps: Hyperparam = 1e-3,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Initial value of both means. Default: 1e-6.
        initial_accumulator_value: Hyperparam = 1e-6,
    }
}

impl GradientTransformation for ScaleByYogi {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("eps_root", &self.eps_root, Range::NotNegative),
            ("initial_accumulator_value", &self.initial_accumulator_value, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_yogi", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        let start =
            |param: &Tensor| self.initial_accumulator_value.tensor(param.dtype()).broadcast_to(param.shape());
        State::fields([
            ("count", State::count()),
            ("mu", params.map(start).into()),
            ("nu", params.map(start).into()),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { b1, b2, eps, eps_root, .. } = self;
        let count = incremented(state.tensor("count")?);
        let mu = updated_mean(&updates, state.leaves("mu", &updates)?, b1);
        let rest = b2.complement();
        let nu = updates.zip_map(state.leaves("nu", &updates)?, |g, nu| {
            nu - (nu - g.square()).sign() * g.square() * &rest
        });
        let mu_hat = Bias::new(b1, &count).corrected_all(&mu);
        let bias = Bias::new(b2, &count);
        let updates =
            mu_hat.zip_map(&nu, |mu_hat, nu| normalized(mu_hat, &bias.corrected(nu), eps_root, eps));
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
