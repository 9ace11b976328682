//! Rectified Adam's step before the learning rate.

use metamlp_tensor::{F32, Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, corrected_mean, incremented, normalized, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Rectified Adam's step before the learning rate (optax's `scale_by_radam`): Adam's step times a
    /// rectification of its variance; while the variance is not tractable, the mean of the gradients
    /// alone.
    ///
    /// State: `count` (the number of steps, `i32`), and the means `mu` and `nu`, one tensor
    /// for each parameter.
    ///
    /// Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    pub struct ScaleByRadam() as scale_by_radam -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Rectify the step from this length of the moving average on. Default: 5.
        threshold: Hyperparam = 5.0,
        /// Use Nesterov momentum (Dozat, "Incorporating Nesterov momentum into Adam", 2016). Default:
        /// false.
        nesterov: bool = false,
    }
}

impl GradientTransformation for ScaleByRadam {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("eps_root", &self.eps_root, Range::NotNegative),
            ("threshold", &self.threshold, Range::Finite),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_radam", name, range))
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

        // `rho_inf` and `rho` at `count`, the lengths of the moving average. `rho` is a difference of
        // large numbers, so `rho_inf` is rounded only once if it is a constant.
        let length = match b2.number() {
            Some(b2) => Tensor::full([], 2.0 / (1.0 - b2) - 1.0, F32),
            None => 2.0 / b2.complement().tensor(F32) - 1.0,
        };
        let stays = b2.tensor(F32).power(&count);
        let so_far = &length - count.convert(F32) * 2.0 * &stays / (1.0 - &stays);
        let ratio =
            (&so_far - 4.0) * (&so_far - 2.0) * &length / ((&length - 4.0) * (&length - 2.0) * &so_far);
        let is_known = so_far.greater_equal(self.threshold.tensor(F32));
        let rectification = is_known.select(ratio, 1.0).sqrt();
        let bias = Bias::new(b2, &count);
        let updates = mu_hat.zip_map(&nu, |mu_hat, nu| {
            let step = mu_hat * rectification.convert(mu_hat.dtype());
            is_known.select(normalized(&step, &bias.corrected(nu), eps_root, eps), mu_hat)
        });
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
