//! Rectified Adam's step before the learning rate.

use metamlp_tensor::{F32, Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, corrected_mean, incremented, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Adam's step times the root of its variance's ratio to what it will be; while
    /// that is not known well, the mean of the gradients alone (optax's `scale_by_radam`).
    ///
    /// State: the `count` of steps (`i32`), and the means `mu` and `nu`, one tensor
    /// for each parameter.
    ///
    /// Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    pub struct ScaleByRadam() as scale_by_radam -> Optimizer {
        /// How much of the mean of the gradients stays in a step, in [0, 1); 0.9.
        b1: Hyperparam = 0.9,
        /// How much of the mean of their squares stays in a step, in [0, 1); 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the root of the mean square; 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added to the mean square below the root, for gradients through the update; 0.0.
        eps_root: Hyperparam = 0.0,
        /// The length of the average from which the variance is trusted; 5.
        threshold: Hyperparam = 5.0,
        /// Whether momentum looks a step ahead (Dozat, "Incorporating Nesterov momentum into Adam", 2016); false.
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

        // The length of the average in the end, and after `count` steps: the difference
        // of large numbers, so that the first is rounded once if it is known.
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
            is_known.select(step / ((bias.corrected(nu) + eps_root).sqrt() + eps), mu_hat)
        });
        let state = State::fields([("count", count.into()), ("mu", mu.into()), ("nu", nu.into())]);
        Ok((updates, state))
    }
}
