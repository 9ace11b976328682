//! Steps skipped for gradients that are not finite.

use metamlp_tensor::{BOOL, Result, Tensor};

use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Applies `inner` if all gradients are finite; otherwise the updates are 0 and the inner state stays.
/// After `max_consecutive_errors` such steps in a row the next step is applied anyway (optax's
/// `apply_if_finite`).
///
/// State: `notfinite_count` (in a row), `last_finite`, `total_notfinite`, `inner_state`.
///
/// ```
/// use metamlp_tensor::Tensor;
/// use metamlp_optim::{apply_if_finite, sgd};
/// let optimizer = apply_if_finite(sgd(0.1), 5);
/// let bad = Tensor::scalar(f32::NAN);
/// let (updates, state) = optimizer.update(&bad, &optimizer.init(&bad), None)?;
/// assert_eq!(updates.item::<f32>()?, 0.0);
/// assert_eq!(state.tensor("total_notfinite")?.item::<i32>()?, 1);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn apply_if_finite(inner: impl Into<Optimizer>, max_consecutive_errors: u32) -> Optimizer {
    Optimizer::new(ApplyIfFinite { inner: inner.into(), max_consecutive_errors })
}

#[derive(Debug)]
struct ApplyIfFinite {
    inner: Optimizer,
    max_consecutive_errors: u32,
}

impl GradientTransformation for ApplyIfFinite {
    fn check(&self) -> Result<()> {
        self.inner.transformation().check()
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([
            ("notfinite_count", State::count()),
            ("last_finite", Tensor::full([], true, BOOL).into()),
            ("total_notfinite", State::count()),
            ("inner_state", self.inner.transformation().init(params)),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let each = updates.tensors().iter().map(|update| update.is_finite().all_all());
        let is_finite = each.reduce(|all, one| all.and(one)).unwrap_or_else(|| Tensor::full([], true, BOOL));
        let count = is_finite.select(0, incremented(state.tensor("notfinite_count")?));
        let total = state.tensor("total_notfinite")?;
        let total = is_finite.select(total, incremented(total));

        let limit = i32::try_from(self.max_consecutive_errors).unwrap_or(i32::MAX);
        let is_applied = is_finite.or(count.greater(limit));
        let before = state.inner("inner_state")?;
        let (updates, after) = self.inner.transformation().update(updates, before, params)?;
        let updates = updates.map(|update| is_applied.select(update, 0));
        let state = State::fields([
            ("notfinite_count", count.into()),
            ("last_finite", is_finite.into()),
            ("total_notfinite", total.into()),
            ("inner_state", after.if_else(&is_applied, before)?),
        ]);
        Ok((updates, state))
    }
}
