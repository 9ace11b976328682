//! Gradient noise.

use metamlp_tensor::random::{Key, normal_dtype};
use metamlp_tensor::{F32, Result};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Adds normal noise of variance `eta / t^gamma` at step `t` (optax's `add_noise`).
///
/// State: `count`, and `rng_key` (`u32[2]`), the key of the next step. Each parameter's noise has its
/// own key, derived from its position in the tree.
///
/// Neelakantan et al., "Adding gradient noise improves learning for very deep networks" (2015).
///
/// ```
/// use metamlp_tensor::random::Key;
/// use metamlp_optim::{add_noise, chain, sgd};
/// let optimizer = chain([add_noise(0.01, 0.55, Key::new(0)), sgd(0.1)]);
/// ```
#[must_use]
pub fn add_noise(eta: impl Into<Hyperparam>, gamma: impl Into<Hyperparam>, key: impl Into<Key>) -> Optimizer {
    Optimizer::new(AddNoise { eta: eta.into(), gamma: gamma.into(), key: key.into() })
}

#[derive(Debug)]
struct AddNoise {
    eta: Hyperparam,
    gamma: Hyperparam,
    key: Key,
}

impl GradientTransformation for AddNoise {
    fn check(&self) -> Result<()> {
        self.eta.check("add_noise", "eta", Range::NotNegative)?;
        self.gamma.check("add_noise", "gamma", Range::NotNegative)
    }

    fn init(&self, _params: &Leaves) -> State {
        State::fields([("count", State::count()), ("rng_key", self.key.to_tensor().into())])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let count = incremented(state.tensor("count")?);
        let variance = self.eta.tensor(F32) / count.convert(F32).power(self.gamma.tensor(F32));
        let deviation = variance.sqrt();
        // Splits the key: one for the next step, one for this step.
        let key = Key::from_tensor(state.tensor("rng_key")?.clone());
        let (next, sample) = (key.fold_in(0), key.fold_in(1));
        let mut keys = sample.split(updates.len()).into_iter();
        let noisy = updates.map(|update| {
            let key = keys.next().expect("`split` returns one key per update");
            let noise = normal_dtype(key, update.shape(), update.dtype());
            update + noise * deviation.convert(update.dtype())
        });
        Ok((noisy, State::fields([("count", count.into()), ("rng_key", next.to_tensor().into())])))
    }
}
