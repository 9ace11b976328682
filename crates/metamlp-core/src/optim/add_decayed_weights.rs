//! Weight decay: a pull of the parameters towards 0.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Result, TreePath};

use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::state::State;
use super::transformation::{GradientTransformation, require};
use crate::argument::invalid;

/// Adds `weight_decay` times the parameters to the updates;
/// [`AddDecayedWeights`] can leave some out.
///
/// Needs the parameters in [`Optimizer::update`].
#[must_use]
pub fn add_decayed_weights(weight_decay: f64) -> Optimizer {
    AddDecayedWeights::new(weight_decay).into()
}

/// Decoupled weight decay (optax's `add_decayed_weights`).
///
/// Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
///
/// ```
/// use metamlp::optim::{AddDecayedWeights, chain, scale_by_adam, scale_by_learning_rate};
/// let decay = AddDecayedWeights::new(0.01).mask(|path| path.to_string().ends_with("kernel"));
/// let optimizer = chain([scale_by_adam(), decay.into(), scale_by_learning_rate(1e-3)]);
/// ```
#[derive(Clone)]
#[must_use]
pub struct AddDecayedWeights {
    weight_decay: f64,
    mask: Option<Mask>,
}

type Mask = Arc<dyn Fn(&TreePath) -> bool + Send + Sync>;

impl AddDecayedWeights {
    /// The same decay for all parameters.
    pub fn new(weight_decay: f64) -> Self {
        Self { weight_decay, mask: None }
    }

    /// The factor of the parameters.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Only those parameters decay for whose path `mask` is true.
    pub fn mask(mut self, mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static) -> Self {
        self.mask = Some(Arc::new(mask));
        self
    }
}

impl GradientTransformation for AddDecayedWeights {
    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let decay = self.weight_decay;
        require(decay.is_finite(), "add_decayed_weights", "weight_decay", decay, "a finite number")?;
        let params = params.ok_or_else(|| {
            let expected = "the parameters, as in update(&grads, &state, Some(&params))";
            invalid("add_decayed_weights", "params", "None", expected)
        })?;
        let mut paths = updates.iter().map(|(path, _)| path);
        let decayed = updates.zip_map(params, |update, param| match (&self.mask, paths.next()) {
            (Some(mask), Some(path)) if !mask(path) => update.clone(),
            _ => update + param * decay,
        });
        Ok((decayed, state.clone()))
    }
}

impl fmt::Debug for AddDecayedWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("AddDecayedWeights");
        debug.field("weight_decay", &self.weight_decay);
        if self.mask.is_some() { debug.finish_non_exhaustive() } else { debug.finish() }
    }
}
