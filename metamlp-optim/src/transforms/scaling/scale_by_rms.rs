//! RMSProp's step before the learning rate.

use metamlp_tensor::{Result, Tensor};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, updated_mean_square};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::precision::widened;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// RMSProp's step before the learning rate (optax's `scale_by_rms`): the gradients divided by the
    /// root of the mean of their squares.
    ///
    /// State: the mean `nu`, one tensor per parameter; with `bias_correction`, before it `count` (the
    /// number of steps).
    ///
    /// Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning" (2012).
    pub struct ScaleByRms() as scale_by_rms -> Optimizer {
        /// Decay of the mean square, in [0, 1). Default: 0.9.
        decay: Hyperparam = 0.9,
        /// Added to the mean square, or to its square root (see `eps_in_sqrt`). Default: 1e-8.
        eps: Hyperparam = 1e-8,
        /// Initial value of the mean square. Default: 0.0.
        initial_scale: Hyperparam = 0.0,
        /// Add `eps` inside the square root. Default: true.
        eps_in_sqrt: bool = true,
        /// Correct the bias of the mean square. Default: false.
        bias_correction: bool = false,
    }
}

impl GradientTransformation for ScaleByRms {
    fn check(&self) -> Result<()> {
        let each = [
            ("decay", &self.decay, Range::Decay),
            ("eps", &self.eps, Range::NotNegative),
            ("initial_scale", &self.initial_scale, Range::NotNegative),
        ];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_rms", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        let start = |param: &Tensor| self.initial_scale.tensor(param.dtype()).broadcast_to(param.shape());
        let count = self.bias_correction.then(|| ("count", State::count()));
        State::Fields(count.into_iter().chain([("nu", params.map(start).into())]).collect())
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { decay, eps, .. } = self;
        let nu = updated_mean_square(&updates, state.leaves("nu", &updates)?, decay);
        let (mut fields, mut nu_hat) = (Vec::new(), nu.clone());
        if self.bias_correction {
            let count = incremented(state.tensor("count")?);
            nu_hat = Bias::new(decay, &count).corrected_all(&nu);
            fields.push(("count", count.into()));
        }
        fields.push(("nu", nu.into()));
        let updates = nu_hat.zip_map(&updates, |nu, g| {
            let (dtype, nu, g) = (nu.dtype().promote(g.dtype()), widened(nu), widened(g));
            let factor = if self.eps_in_sqrt { (nu + eps).rsqrt() } else { (nu.sqrt() + eps).reciprocal() };
            (factor * g).convert(dtype)
        });
        Ok((updates, State::Fields(fields)))
    }
}
