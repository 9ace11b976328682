//! A different optimizer for each group of parameters.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Error, Result, TreePath};

use super::masked::Masked;
use crate::leaves::Leaves;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;

/// Applies to each parameter the optimizer with the label that `label` returns for its path (optax's
/// `partition`).
///
/// State: `inner_states`, for each label the `inner_state` of its optimizer. An unknown label is an
/// error of the first update.
///
/// ```
/// use metamlp_optim::{adam, partition, set_to_zero};
/// let optimizer = partition([("train", adam(1e-3)), ("freeze", set_to_zero())], |path| {
///     if path.to_string().starts_with("encoder/") { "freeze" } else { "train" }
/// });
/// ```
#[must_use]
pub fn partition<const N: usize>(
    optimizers: [(&'static str, Optimizer); N],
    label: impl Fn(&TreePath) -> &'static str + Send + Sync + 'static,
) -> Optimizer {
    let label: Label = Arc::new(label);
    let groups = optimizers.into_iter().map(|(own, inner)| {
        let label = Arc::clone(&label);
        (own, Masked { inner, mask: Mask::new(move |path| label(path) == own) })
    });
    Optimizer::new(Partition { groups: groups.collect(), label })
}

/// [`partition`] under its older optax name.
#[must_use]
pub fn multi_transform<const N: usize>(
    optimizers: [(&'static str, Optimizer); N],
    label: impl Fn(&TreePath) -> &'static str + Send + Sync + 'static,
) -> Optimizer {
    partition(optimizers, label)
}

type Label = Arc<dyn Fn(&TreePath) -> &'static str + Send + Sync>;

struct Partition {
    groups: Vec<(&'static str, Masked)>,
    label: Label,
}

impl GradientTransformation for Partition {
    fn check(&self) -> Result<()> {
        self.groups.iter().try_for_each(|(_, group)| group.check())
    }

    fn init(&self, params: &Leaves) -> State {
        let states = self.groups.iter().map(|(label, group)| (*label, group.init(params)));
        State::fields([("inner_states", State::Fields(states.collect()))])
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        for (path, _) in updates.iter() {
            let label = (self.label)(path);
            if !self.groups.iter().any(|(own, _)| *own == label) {
                let labels: Vec<_> = self.groups.iter().map(|(label, _)| *label).collect();
                let found = format!("`{label}` for `{path}`");
                return Err(Error::argument("partition", "label", found, format!("one of {labels:?}")));
            }
        }
        let states = state.inner("inner_states")?;
        let (mut updates, mut next) = (updates, Vec::with_capacity(self.groups.len()));
        for (label, group) in &self.groups {
            let state_after;
            (updates, state_after) = group.update(updates, states.inner(label)?, params)?;
            next.push((*label, state_after));
        }
        Ok((updates, State::fields([("inner_states", State::Fields(next))])))
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("partition")?;
        f.debug_map().entries(self.groups.iter().map(|(label, group)| (label, &group.inner))).finish()
    }
}
