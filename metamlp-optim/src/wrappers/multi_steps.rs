//! Gradient accumulation.

use metamlp_tensor::{F32, Result};

use crate::hyperparam::Range;
use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Takes a step of `inner` with the mean of each `k` gradients; the other updates are 0. [`MultiSteps`]
/// can use their sum.
#[must_use]
pub fn multi_steps(inner: impl Into<Optimizer>, k: usize) -> Optimizer {
    MultiSteps::new(inner, k).into()
}

/// Gradient accumulation over several steps (optax's `MultiSteps`), equivalent to a batch `k` times as
/// large.
///
/// State: `mini_step` (0 to `k - 1`), `gradient_step` (of `inner`), `inner_opt_state`, and `acc_grads`,
/// one tensor per parameter.
///
/// ```
/// use metamlp_optim::{MultiSteps, Optimizer, adam};
/// let optimizer: Optimizer = MultiSteps::new(adam(1e-3), 4).use_grad_mean(false).into();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MultiSteps {
    inner: Optimizer,
    k: usize,
    use_grad_mean: bool,
}

impl MultiSteps {
    /// A step of `inner` for each `k` gradients; `k` is at least 1.
    pub fn new(inner: impl Into<Optimizer>, k: usize) -> Self {
        Self { inner: inner.into(), k, use_grad_mean: true }
    }

    /// Use the mean of the gradients (true, the default) or their sum.
    pub fn use_grad_mean(mut self, use_grad_mean: bool) -> Self {
        self.use_grad_mean = use_grad_mean;
        self
    }
}

impl GradientTransformation for MultiSteps {
    fn check(&self) -> Result<()> {
        Range::Steps.check("multi_steps", "k", self.k as f64)?;
        self.inner.transformation().check()
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([
            ("mini_step", State::count()),
            ("gradient_step", State::count()),
            ("inner_opt_state", self.inner.transformation().init(params)),
            ("acc_grads", State::zeros_like(params)),
        ])
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let (mini_step, gradient_step) = (state.tensor("mini_step")?, state.tensor("gradient_step")?);
        let k = i32::try_from(self.k).unwrap_or(i32::MAX);
        let is_last = mini_step.equal(k - 1);
        let number = (mini_step + 1).convert(F32);
        let gathered = updates.zip_map(state.leaves("acc_grads", &updates)?, |g, acc| {
            let sum = if self.use_grad_mean { (g - acc) / number.convert(acc.dtype()) } else { g.clone() };
            acc + sum
        });
        let before = state.inner("inner_opt_state")?;
        let (updates, after) = self.inner.transformation().update(gathered.clone(), before, params)?;
        let state = State::fields([
            ("mini_step", is_last.select(0, mini_step + 1).into()),
            ("gradient_step", is_last.select(incremented(gradient_step), gradient_step).into()),
            ("inner_opt_state", after.if_else(&is_last, before)?),
            ("acc_grads", gathered.map(|acc| is_last.select(0, acc)).into()),
        ]);
        Ok((updates.map(|update| is_last.select(update, 0)), state))
    }
}
