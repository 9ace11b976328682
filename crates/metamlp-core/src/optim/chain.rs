//! Transformations one after the other.

use std::fmt;

use metamlp_tensor::Result;

use super::leaves::Leaves;
use super::optimizer::Optimizer;
use super::state::{State, foreign};
use super::transformation::GradientTransformation;

/// One optimizer that applies several, each to the updates of the one before.
///
/// ```
/// use metamlp::optim::{Adam, chain, clip_by_global_norm, sgd};
/// let clipped = chain([clip_by_global_norm(1.0), sgd(0.1)]);
/// let with_options = chain([clip_by_global_norm(1.0), Adam::new(1e-3).b2(0.95).into()]);
/// ```
#[must_use]
pub fn chain(parts: impl IntoIterator<Item = Optimizer>) -> Optimizer {
    Optimizer::new(Chain(parts.into_iter().collect()))
}

struct Chain(Vec<Optimizer>);

impl GradientTransformation for Chain {
    fn init(&self, params: &Leaves) -> State {
        State::Chain(self.0.iter().map(|part| part.transformation().init(params)).collect())
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let states = match state {
            State::Chain(states) if states.len() == self.0.len() => states,
            State::Chain(states) => {
                return Err(foreign(format!("a chain of {} has a state of {}", self.0.len(), states.len())));
            }
            _ => return Err(foreign(format!("a chain of {} has a state of one", self.0.len()))),
        };
        let (mut updates, mut next) = (updates, Vec::with_capacity(states.len()));
        for (part, state) in self.0.iter().zip(states) {
            let state_after;
            (updates, state_after) = part.transformation().update(updates, state, params)?;
            next.push(state_after);
        }
        Ok((updates, State::Chain(next)))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chain")?;
        f.debug_list().entries(&self.0).finish()
    }
}
