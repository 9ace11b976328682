//! Accumulation of updates over several steps.

use metamlp_tensor::Result;

use crate::hyperparam::Range;
use crate::leaves::Leaves;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Returns the sum of the last `k` updates at each `k`th step, and 0 at the others (optax's
/// `apply_every`).
///
/// State: `count` (0 to `k - 1`), and `grad_acc`, one tensor per parameter.
/// [`multi_steps`](crate::multi_steps) accumulates the gradients before an optimizer instead.
#[must_use]
pub fn apply_every(k: usize) -> Optimizer {
    Optimizer::new(ApplyEvery { k })
}

#[derive(Debug)]
struct ApplyEvery {
    k: usize,
}

impl GradientTransformation for ApplyEvery {
    fn check(&self) -> Result<()> {
        Range::Steps.check("apply_every", "k", self.k as f64)
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("count", State::count()), ("grad_acc", State::zeros_like(params))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let k = i32::try_from(self.k).unwrap_or(i32::MAX);
        let count = state.tensor("count")?;
        let (is_first, is_last) = (count.equal(0), count.equal(k - 1));
        let grad_acc = updates.zip_map(state.leaves("grad_acc", &updates)?, |update, so_far| {
            is_first.select(0, so_far) + update
        });
        let emitted = grad_acc.map(|sum| is_last.select(sum, 0));
        let count = is_last.select(0, count + 1);
        Ok((emitted, State::fields([("count", count.into()), ("grad_acc", grad_acc.into())])))
    }
}
