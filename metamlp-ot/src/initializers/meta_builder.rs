//! How a learned start is put together.

use metamlp::optim::{Optimizer, adam};
use metamlp::{Key, Tensor, TrainState};

use crate::dual_objective::{DualObjective, ZeroWeights};
use crate::error::Result;
use crate::geometry::Geometry;
use crate::initializers::{MetaInitializer, PotentialModel};
use crate::meta_mlp::MetaMLP;

/// What a [`MetaInitializer`] is made of.
#[derive(Debug)]
pub struct MetaInitializerBuilder<M: PotentialModel = MetaMLP> {
    geometry: Geometry,
    model: M,
    optimizer: Optimizer,
    zero_weights: ZeroWeights,
}

impl MetaInitializerBuilder {
    pub(super) fn new(geometry: Geometry) -> Self {
        let model = MetaMLP::new(geometry.shape().0);
        Self { geometry, model, optimizer: adam(1e-3), zero_weights: ZeroWeights::default() }
    }
}

impl<M: PotentialModel + 'static> MetaInitializerBuilder<M> {
    /// Another network; by default [`MetaMLP`] for the geometry's rows.
    #[must_use]
    pub fn model<N: PotentialModel>(self, model: N) -> MetaInitializerBuilder<N> {
        let Self { geometry, optimizer, zero_weights, .. } = self;
        MetaInitializerBuilder { geometry, model, optimizer, zero_weights }
    }

    /// Another optimizer; by default Adam at 1e-3.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// What the loss makes of atoms without mass; by default they are not there.
    #[must_use]
    pub fn zero_weights(mut self, zero_weights: ZeroWeights) -> Self {
        self.zero_weights = zero_weights;
        self
    }

    /// Initialises the network with the stream `params` at `key`.
    ///
    /// # Errors
    /// If the model cannot be initialised.
    pub fn build(self, key: impl Into<Key>) -> Result<MetaInitializer<M>> {
        let Self { geometry, model, optimizer, zero_weights } = self;
        let (n, m) = geometry.shape();
        let (a, b) = (Tensor::spec([n], geometry.dtype()), Tensor::spec([m], geometry.dtype()));
        let variables = model.init(key.into(), |model| model.potential(&a, &b))?;
        let state = TrainState::new(&model, variables, optimizer);
        let objective = DualObjective::new(&geometry).zero_weights(zero_weights).evaluated()?;
        Ok(MetaInitializer::assemble(geometry, model, objective, state))
    }
}
