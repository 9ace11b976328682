//! AdaDelta's step before the learning rate.

use metamlp_tensor::Result;

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;
use crate::moments::updated_mean_square;
use crate::optimizer::Optimizer;
use crate::options::options;
use crate::state::State;
use crate::transformation::GradientTransformation;

options! {
    /// AdaDelta's step before the learning rate (optax's `scale_by_adadelta`): the gradients times the
    /// RMS of the previous updates, divided by the RMS of the gradients.
    ///
    /// State: both mean squares, `e_g` of the gradients and `e_x` of the updates, one tensor per
    /// parameter each.
    ///
    /// Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
    pub struct ScaleByAdadelta() as scale_by_adadelta -> Optimizer {
        /// Decay of both mean squares, in [0, 1). Default: 0.9.
        rho: Hyperparam = 0.9,
        /// Added to both mean squares inside the square roots. Default: 1e-6.
        eps: Hyperparam = 1e-6,
    }
}

impl GradientTransformation for ScaleByAdadelta {
    fn check(&self) -> Result<()> {
        let each = [("rho", &self.rho, Range::Decay), ("eps", &self.eps, Range::NotNegative)];
        each.into_iter().try_for_each(|(name, value, range)| value.check("scale_by_adadelta", name, range))
    }

    fn init(&self, params: &Leaves) -> State {
        State::fields([("e_g", State::zeros_like(params)), ("e_x", State::zeros_like(params))])
    }

    fn update(&self, updates: Leaves, state: &State, _params: Option<&Leaves>) -> Result<(Leaves, State)> {
        let Self { rho, eps } = self;
        let e_g = updated_mean_square(&updates, state.leaves("e_g", &updates)?, rho);
        let before = state.leaves("e_x", &updates)?;
        let ratio = before.zip_map(&e_g, |e_x, e_g| (e_x + eps).sqrt() / (e_g + eps).sqrt());
        let updates = ratio.zip_map(&updates, |ratio, g| ratio * g);
        let e_x = updated_mean_square(&updates, before, rho);
        Ok((updates, State::fields([("e_g", e_g.into()), ("e_x", e_x.into())])))
    }
}
