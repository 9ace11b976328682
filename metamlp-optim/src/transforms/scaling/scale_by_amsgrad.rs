//! AMSGrad's step before the learning rate.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, normalized, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// AMSGrad's step before the learning rate (optax's `scale_by_amsgrad`): Adam's with the largest
    /// mean square so far in place of the current one.
    ///
    /// State: `count` (the number of steps, `i32`), and `mu`, `nu` and `nu_max`, one tensor per
    /// parameter each.
    ///
    /// Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).
    pub struct ScaleByAmsgrad() as scale_by_amsgrad -> Optimizer {
        /// Decay of the mean of the gradients, in [0, 1). Default: 0.9.
        b1: Hyperparam = 0.9,
        /// Decay of the mean of the squared gradients, in [0, 1). Default: 0.999.
        b2: Hyperparam = 0.999,
        /// Added to the denominator, outside of the square root. Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Added inside the square root, to differentiate through the update. Default: 0.0.
        eps_root: Hyperparam = 0.0,
        /// Correct the bias of the mean of the gradients. Default: true.
        bias_correction_mu: bool = true,
        /// Correct the bias of the mean square before the maximum is taken. Default: true.
        bias_correction_nu: bool = true,
    }
}

impl GradientTransformation for ScaleByAmsgrad {
    fn check(&self) -> Result<()> {
        let each = [
            ("b1", &self.b1, Range::Decay),
            ("b2", &self.b2, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("eps_root", &self.eps_root, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_amsgrad", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([
            ("count", State::count()),
            ("mu", State::zeros_like(params)),
            ("nu", State::zeros_like(params)),
            ("nu_max", State::zeros_like(params)),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { b1, b2, eps, eps_root, .. } = self;
        let count = incremented(state.tensor("count")?);
        let mu = updated_mean(&updates, state.leaves("mu", &updates)?, b1);
        let nu = updated_mean_square(&updates, state.leaves("nu", &updates)?, b2);
        let corrected = |mean: &Leaves, decay: &Hyperparam, is_corrected: bool| {
            if is_corrected { Bias::new(decay, &count).corrected_all(mean) } else { mean.clone() }
        };
        let mu_hat = corrected(&mu, b1, self.bias_correction_mu);
        let nu_hat = corrected(&nu, b2, self.bias_correction_nu);
        let nu_max = nu_hat.zip_map(state.leaves("nu_max", &updates)?, |nu, max| max.maximum(nu));
        let updates = mu_hat.zip_map(&nu_max, |mu_hat, nu| normalized(mu_hat, nu, eps_root, eps));
        let state = State::fields([
            ("count", count.into()),
            ("mu", mu.into()),
            ("nu", nu.into()),
            ("nu_max", nu_max.into()),
        ]);
        Ok((updates, state))
    }
}
