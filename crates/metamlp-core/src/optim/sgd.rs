//! Stochastic gradient descent and its momentum.

use metamlp_tensor::Result;

use super::chain::chain;
use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::scale::scale_by_learning_rate;
use super::schedule::Schedule;
use super::state::State;
use super::transformation::{GradientTransformation, require};

/// Steps of minus the learning rate times the gradient; [`Sgd`] has momentum.
#[must_use]
pub fn sgd(learning_rate: impl Into<Schedule>) -> Optimizer {
    Sgd::new(learning_rate).into()
}

/// Stochastic gradient descent (optax's `sgd`).
///
/// Robbins and Monro, "A stochastic approximation method" (1951).
///
/// ```
/// use metamlp::optim::{Optimizer, Sgd};
/// let optimizer: Optimizer = Sgd::new(0.1).momentum(0.9).nesterov(true).into();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Sgd {
    learning_rate: Schedule,
    momentum: Option<f64>,
    nesterov: bool,
}

impl Sgd {
    /// Plain descent.
    pub fn new(learning_rate: impl Into<Schedule>) -> Self {
        Self { learning_rate: learning_rate.into(), momentum: None, nesterov: false }
    }

    /// How much of the last step's direction stays, in [0, 1): see [`Trace`].
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = Some(momentum);
        self
    }

    /// Whether momentum looks a step ahead.
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }
}

impl From<Sgd> for Optimizer {
    fn from(sgd: Sgd) -> Self {
        let momentum = sgd.momentum.map(|decay| Trace::new(decay).nesterov(sgd.nesterov).into());
        chain(momentum.into_iter().chain([scale_by_learning_rate(sgd.learning_rate)]))
    }
}

/// Momentum: a sum of past updates in which older ones count less and less.
/// [`Trace`] has Nesterov's.
#[must_use]
pub fn trace(decay: f64) -> Optimizer {
    Trace::new(decay).into()
}

/// Momentum (optax's `trace`): `trace = update + decay · trace`.
///
/// State: `trace`, one tensor for each parameter.
///
/// Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).
#[derive(Clone, Debug)]
#[must_use]
pub struct Trace {
    decay: f64,
    nesterov: bool,
}

impl Trace {
    /// A trace of which `decay` stays in a step.
    pub fn new(decay: f64) -> Self {
        Self { decay, nesterov: false }
    }

    /// Whether the update is `update + decay · trace` with the new trace, a step ahead.
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }
}

impl GradientTransformation for Trace {
    fn init(&self, params: &Leaves) -> State {
        State::fields([("trace", State::Leaves(params.map(|param| param.zeros_like())))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let decay = self.decay;
        require((0.0..1.0).contains(&decay), "momentum", "decay", decay, "a number in [0, 1)")?;
        let added = |to: &Leaves| updates.zip_map(to, |update, trace| update + trace * decay);
        let trace = added(state.leaves("trace")?);
        let updates = if self.nesterov { added(&trace) } else { trace.clone() };
        Ok((updates, State::fields([("trace", State::Leaves(trace))])))
    }
}
