//! Hyper-parameters in the state.

use std::fmt;

use metamlp_tensor::{DType, F32, Result, Tensor};

use crate::hyperparam::Hyperparam;
use crate::leaves::Leaves;
use crate::moments::incremented;
use crate::optimizer::Optimizer;
use crate::schedule::Schedule;
use crate::state::{HYPERPARAMS, State};
use crate::transformation::GradientTransformation;

/// An optimizer whose hyper-parameters are part of its state, where they can be read and changed
/// (optax's `inject_hyperparams`). `make` builds the optimizer from them.
///
/// Each hyper-parameter may be a [`Schedule`]; the state holds its value at the last step.
/// [`State::hyperparam`] reads one and [`State::with_hyperparam`] sets one; under `jit` one program
/// serves all values. `make` is called in each traced step. The initial numbers are checked against
/// their ranges; values set later are not.
///
/// State: `count`, `hyperparams` (in the widest dtype of the parameters), `inner_state`.
///
/// ```
/// use metamlp_tensor::Tensor;
/// use metamlp_optim::{Adam, Schedule, cosine_decay_schedule, inject_hyperparams};
/// let hyperparams = [("learning_rate", cosine_decay_schedule(1e-3, 100)), ("b1", Schedule::from(0.9))];
/// let optimizer = inject_hyperparams(hyperparams, |[rate, b1]| Adam::new(rate).b1(b1));
/// let params = Tensor::scalar(1.0f32);
/// let state = optimizer.init(&params).with_hyperparam("b1", 0.5)?;
/// let (_, state) = optimizer.update(&params, &state, None)?;
/// assert_eq!(state.hyperparam("learning_rate")?.item::<f32>()?, 1e-3);
/// assert_eq!(state.hyperparam("b1")?.item::<f32>()?, 0.5);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[must_use]
pub fn inject_hyperparams<const N: usize, O: Into<Optimizer>>(
    hyperparams: [(&'static str, impl Into<Schedule>); N],
    make: impl Fn([Hyperparam; N]) -> O + Send + Sync + 'static,
) -> Optimizer {
    let hyperparams = hyperparams.map(|(name, value)| (name, value.into()));
    Optimizer::new(InjectHyperparams { hyperparams, make: move |values| make(values).into() })
}

struct InjectHyperparams<const N: usize, F> {
    hyperparams: [(&'static str, Schedule); N],
    make: F,
}

impl<const N: usize, F: Fn([Hyperparam; N]) -> Optimizer> InjectHyperparams<N, F> {
    /// Computes each hyper-parameter with `value`; returns the inner optimizer and the values as a
    /// state.
    fn inner(
        &self,
        mut value: impl FnMut(&'static str, &Schedule) -> Result<Tensor>,
    ) -> Result<(Optimizer, State)> {
        let mut fields = Vec::with_capacity(N);
        for (name, schedule) in &self.hyperparams {
            fields.push((*name, value(name, schedule)?));
        }
        let optimizer = (self.make)(std::array::from_fn(|i| fields[i].1.clone().into()));
        let kept = fields.into_iter().map(|(name, tensor)| (name, tensor.into()));
        Ok((optimizer, State::Fields(kept.collect())))
    }
}

impl<const N: usize, F> GradientTransformation for InjectHyperparams<N, F>
where
    F: Fn([Hyperparam; N]) -> Optimizer + Send + Sync,
{
    fn check(&self) -> Result<()> {
        // The value of a schedule is not known before the step; 0 lies in every range.
        let known = |schedule: &Schedule| {
            schedule.constant().cloned().unwrap_or_else(|| Tensor::zeros([], F32).into())
        };
        let values = std::array::from_fn(|i| known(&self.hyperparams[i].1));
        (self.make)(values).transformation().check()
    }

    fn init(&self, params: &Leaves) -> State {
        let (count, dtype) = (Tensor::zeros([], metamlp_tensor::I32), widest(params));
        let at_start = |_, schedule: &Schedule| {
            Ok(schedule.at(&count).unwrap_or_else(|error| Tensor::poison(error, [], F32)).convert(dtype))
        };
        // The first update returns the error.
        let (inner_state, hyperparams) = match self.inner(at_start) {
            Ok((optimizer, hyperparams)) => (optimizer.transformation().init(params), hyperparams),
            Err(_) => (State::empty(), State::empty()),
        };
        State::fields([("count", count.into()), (HYPERPARAMS, hyperparams), ("inner_state", inner_state)])
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let (count, kept) = (state.tensor("count")?, state.inner(HYPERPARAMS)?);
        let dtype = widest(&updates);
        let (optimizer, hyperparams) = self.inner(|name, schedule| match schedule.constant() {
            Some(_) => kept.tensor(name).cloned(),
            None => Ok(schedule.at(count)?.convert(dtype)),
        })?;
        let inner_state = state.inner("inner_state")?;
        let (updates, inner_state) = optimizer.transformation().update(updates, inner_state, params)?;
        let state = State::fields([
            ("count", incremented(count).into()),
            (HYPERPARAMS, hyperparams),
            ("inner_state", inner_state),
        ]);
        Ok((updates, state))
    }
}

fn widest(leaves: &Leaves) -> DType {
    leaves.tensors().iter().fold(F32, |widest, tensor| widest.promote(tensor.dtype()))
}

impl<const N: usize, F> fmt::Debug for InjectHyperparams<N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("inject_hyperparams")?;
        f.debug_map().entries(self.hyperparams.iter().map(|(name, value)| (name, value))).finish()
    }
}
