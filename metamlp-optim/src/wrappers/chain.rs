//! Transformations in sequence.

use std::fmt;

use metamlp_tensor::{Error, Result};

use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::{State, foreign};
use crate::transformation::GradientTransformation;

/// Applies the optimizers in order, each to the updates of the previous one (optax's `chain`).
///
/// ```
/// use metamlp_optim::{Adam, chain, clip_by_global_norm, sgd};
/// let clipped = chain([clip_by_global_norm(1.0), sgd(0.1)]);
/// let with_options = chain([clip_by_global_norm(1.0), Adam::new(1e-3).b2(0.95).into()]);
/// ```
#[must_use]
pub fn chain(parts: impl IntoIterator<Item = Optimizer>) -> Optimizer {
    Optimizer::new(Chain { name: None, parts: parts.into_iter().collect() })
}

/// A chain under the name of an optimizer, in `Debug` and in errors about its hyper-parameters.
pub(crate) fn alias(name: &'static str, parts: impl IntoIterator<Item = Optimizer>) -> Optimizer {
    Optimizer::new(Chain { name: Some(name), parts: parts.into_iter().collect() })
}

struct Chain {
    name: Option<&'static str>,
    parts: Vec<Optimizer>,
}

impl GradientTransformation for Chain {
    fn check(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.transformation().check()).map_err(|mut error| {
            if let (Some(name), Error::Argument { op, .. }) = (self.name, &mut error) {
                *op = name;
            }
            error
        })
    }

    fn init(&self, params: &Leaves) -> State {
        State::Chain(self.parts.iter().map(|part| part.transformation().init(params)).collect())
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let count = self.parts.len();
        let states = match state {
            State::Chain(states) if states.len() == count => states,
            State::Chain(states) => {
                return Err(foreign(format!(
                    "a chain of {count} transformations has the state of {}",
                    states.len()
                )));
            }
            _ => {
                return Err(foreign(format!(
                    "a chain of {count} transformations has the state of a single one"
                )));
            }
        };
        let (mut updates, mut next) = (updates, Vec::with_capacity(count));
        for (part, state) in self.parts.iter().zip(states) {
            let state_after;
            (updates, state_after) = part.transformation().update(updates, state, params)?;
            next.push(state_after);
        }
        Ok((updates, State::Chain(next)))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.unwrap_or("chain"))?;
        f.debug_list().entries(&self.parts).finish()
    }
}
