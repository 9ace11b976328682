//! Momentum.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// Momentum (optax's `trace`): `trace = update + decay · trace`.
    ///
    /// State: `trace`, one tensor per parameter.
    ///
    /// Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).
    pub struct Trace(decay: Hyperparam) as trace -> Optimizer {
        /// Use Nesterov momentum: `update + decay · trace` with the new trace. Default: false.
        nesterov: bool = false,
    }
}

impl GradientTransformation for Trace {
    fn check(&self) -> Result<()> {
        self.decay.check("trace", "decay", Range::Decay)
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("trace", State::zeros_like(params))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let added = |to: &Leaves| updates.zip_map(to, |update, trace| update + trace * &self.decay);
        let trace = added(state.leaves("trace", &updates)?);
        let updates = if self.nesterov { added(&trace) } else { trace.clone() };
        Ok((updates, State::fields([("trace", trace.into())])))
    }
}
