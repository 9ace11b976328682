//! Centered RMSProp's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, updated_mean, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Centered RMSProp's step before the learning rate (optax's `scale_by_stddev`): the gradients
    /// divided by their standard deviation, from moving averages.
    ///
    /// State: the means `mu` of the gradients and `nu` of their squares, one tensor per parameter each;
    /// with `bias_correction`, before them `count` (the number of steps).
    ///
    /// Graves, "Generating sequences with recurrent neural networks" (2013), section 4.2.
    pub struct ScaleByStddev() as scale_by_stddev -> Optimizer {
        /// Decay of both means, in [0, 1). Default: 0.9.
        decay: Hyperparam = 0.9,
        /// Added to the mean square, or to its square root (see `eps_in_sqrt`). Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Initial value of the mean square. Default: 0.0.
        initial_scale: Hyperparam = 0.0,
        /// Add `eps` inside the square root. Default: true.
        eps_in_sqrt: bool = true,
        /// Correct the bias of the means. Default: false.
        bias_correction: bool = false,
    }
}

impl GradientTransformation for ScaleByStddev {
    fn check(&self) -> Result<()> {
        let each = [
            ("decay", &self.decay, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("initial_scale", &self.initial_scale, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_stddev", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        let start = |param: &Tensor| self.initial_scale.tensor(param.dtype()).broadcast_to(param.shape());
        let count = self.bias_correction.then(|| ("count", State::count()));
        let means = [("mu", State::zeros_like(params)), ("nu", params.map(start).into())];
        State::Fields(count.into_iter().chain(means).collect())
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { decay, eps, .. } = self;
        let mu = updated_mean(&updates, state.leaves("mu", &updates)?, decay);
        let nu = updated_mean_square(&updates, state.leaves("nu", &updates)?, decay);
        let (mut fields, mut mu_hat, mut nu_hat) = (Vec::new(), mu.clone(), nu.clone());
        if self.bias_correction {
            let count = incremented(state.tensor("count")?);
            let bias = Bias::new(decay, &count);
            (mu_hat, nu_hat) = (bias.corrected_all(&mu), bias.corrected_all(&nu));
            fields.push(("count", count.into()));
        }
        fields.extend([("mu", mu.into()), ("nu", nu.into())]);
        // Rounding may make a difference of squares negative.
        let variance = mu_hat.zip_map(&nu_hat, |mu, nu| (widened(nu) - widened(mu).square()).maximum(0.0));
        let updates = variance.zip_map(&updates, |variance, g| {
            let factor = if self.eps_in_sqrt {
                (variance + eps).rsqrt()
            } else {
                (variance.sqrt() + eps).reciprocal()
            };
            (factor * widened(g)).convert(g.dtype())
        });
        Ok((updates, State::Fields(fields)))
    }
}
