//! Weight decay.

use metamlp_tensor::{Result, TreePath};

use crate::hyperparam::Range;
use crate::leaves::Leaves;
use crate::mask::Mask;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::state::State;
use crate::transformation::{GradientTransformation, needed};
use crate::wrappers::masked_by;

/// Adds `weight_decay` times the parameters to the updates (optax's `add_decayed_weights`).
/// [`AddDecayedWeights`] takes a mask.
///
/// Needs `params` in [`Optimizer::update`].
#[must_use]
pub fn add_decayed_weights(weight_decay: impl Into<Schedule>) -> Optimizer {
    AddDecayedWeights::new(weight_decay).into()
}

/// Decoupled weight decay (optax's `add_decayed_weights`).
///
/// State: `count` (the number of steps) if the decay depends on it, else empty; with a mask that of
/// [`masked`](crate::masked).
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
///
/// ```
/// use metamlp_optim::{AddDecayedWeights, chain, scale_by_adam, scale_by_learning_rate};
/// let decay = AddDecayedWeights::new(0.01).mask(|path| path.to_string().ends_with("kernel"));
/// let optimizer = chain([scale_by_adam(), decay.into(), scale_by_learning_rate(1e-3)]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AddDecayedWeights {
    weight_decay: Schedule,
    mask: Option<Mask>,
}

impl AddDecayedWeights {
    /// The same weight decay for every parameter.
    pub fn new(weight_decay: impl Into<Schedule>) -> Self {
        Self { weight_decay: weight_decay.into(), mask: None }
    }

    /// Applies the decay only to parameters whose path satisfies `mask`.
    pub fn mask(mut self, mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static) -> Self {
        self.mask = Some(Mask::new(mask));
        self
    }

    pub(crate) fn masked_by(mut self, mask: Option<Mask>) -> Self {
        self.mask = mask;
        self
    }
}

impl From<AddDecayedWeights> for Optimizer {
    fn from(decay: AddDecayedWeights) -> Self {
        let AddDecayedWeights { weight_decay, mask } = decay;
        masked_by(Optimizer::new(Decay { weight_decay }), mask)
    }
}

#[derive(Debug)]
struct Decay {
    weight_decay: Schedule,
}

impl GradientTransformation for Decay {
    fn check(&self) -> Result<()> {
        self.weight_decay.check("add_decayed_weights", "weight_decay", Range::NotNegative)
    }

    fn init(&self, _params: &Leaves) -> State {
        match self.weight_decay.constant() {
            Some(_) => State::empty(),
            None => State::fields([("count", State::count())]),
        }
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let params = needed(params, "add_decayed_weights")?;
        if let Some(decay) = self.weight_decay.constant() {
            return Ok((updates.zip_map(params, |update, param| update + param * decay), state.clone()));
        }
        let count = state.tensor("count")?;
        let decay = self.weight_decay.at(count)?;
        let decayed = updates.zip_map(params, |update, param| update + decay.convert(param.dtype()) * param);
        Ok((decayed, State::fields([("count", incremented(count).into())])))
    }
}
