//! Exponential moving average of the updates.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::{Bias, incremented, updated_mean};
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Replaces the updates by their exponential moving average (optax's `ema`):
    /// `ema = (1 - decay) · update + decay · ema`.
    ///
    /// State: `count`, and `ema`, one tensor per parameter.
    pub struct Ema(decay: Hyperparam) as ema -> Optimizer {
        /// Correct the bias of the average. Default: true.
        debias: bool = true,
    }
}

impl GradientTransformation for Ema {
    fn check(&self) -> Result<()> {
        self.decay.check("ema", "decay", Range::Decay)
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("count", State::count()), ("ema", State::zeros_like(params))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let count = incremented(state.tensor("count")?);
        let ema = updated_mean(&updates, state.leaves("ema", &updates)?, &self.decay);
        let updates =
            if self.debias { Bias::new(&self.decay, &count).corrected_all(&ema) } else { ema.clone() };
        Ok((updates, State::fields([("count", count.into()), ("ema", ema.into())])))
    }
}
