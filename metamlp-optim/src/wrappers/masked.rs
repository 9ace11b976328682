//! Optimizers for a selection of the parameters.

use metamlp_tensor::{Result, TreePath};

use crate::leaves::Leaves;
use crate::mask::Mask;
use crate::optimizer::Optimizer;
use crate::state::State;
use crate::transformation::GradientTransformation;
use crate::transforms::set_to_zero;

/// Applies `inner` to the parameters whose path satisfies `mask`; the updates of the others are
/// unchanged (optax's `masked`).
///
/// State: `inner_state`, of the selected parameters only.
///
/// ```
/// use metamlp_optim::{add_decayed_weights, chain, masked, sgd};
/// let decay = masked(add_decayed_weights(0.01), |path| path.to_string().ends_with("kernel"));
/// let optimizer = chain([decay, sgd(0.1)]);
/// ```
#[must_use]
pub fn masked(
    inner: impl Into<Optimizer>,
    mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static,
) -> Optimizer {
    Optimizer::new(Masked { inner: inner.into(), mask: Mask::new(mask) })
}

/// Sets the updates of parameters whose path satisfies `mask` to 0 (optax's `freeze`).
///
/// ```
/// use metamlp_optim::{adam, chain, freeze};
/// let optimizer = chain([adam(1e-3), freeze(|path| path.to_string().starts_with("encoder/"))]);
/// ```
#[must_use]
pub fn freeze(mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static) -> Optimizer {
    masked(set_to_zero(), mask)
}

/// [`masked`] if there is a mask, else `inner`.
pub(crate) fn masked_by(inner: Optimizer, mask: Option<Mask>) -> Optimizer {
    match mask {
        Some(mask) => Optimizer::new(Masked { inner, mask }),
        None => inner,
    }
}

#[derive(Debug)]
pub(super) struct Masked {
    pub(super) inner: Optimizer,
    pub(super) mask: Mask,
}

impl Masked {
    fn select(&self, leaves: &Leaves) -> Leaves {
        leaves.select(|path| self.mask.contains(path))
    }
}

impl GradientTransformation for Masked {
    fn check(&self) -> Result<()> {
        self.inner.transformation().check()
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("inner_state", self.inner.transformation().init(&self.select(params)))])
    }

    fn update(&self, updates: Leaves, state: &State, params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let params = params.map(|params| self.select(params));
        let own = self.select(&updates);
        let state = state.inner("inner_state")?;
        let (own, state) = self.inner.transformation().update(own, state, params.as_ref())?;
        Ok((updates.replaced(&own), State::fields([("inner_state", state)])))
    }
}
