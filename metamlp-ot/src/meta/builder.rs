//! The builder of the learned initializer.

use std::panic::Location;

use metamlp::optim::{Optimizer, adam};
use metamlp::{Key, Tensor, TrainState};

use metamlp_tensor::{Source, with_caller};

use crate::error::{Error, Result};
use crate::geometry::Geometry;
use crate::meta::dual_objective::{DualObjective, ZeroWeights};
use crate::meta::initializer::MetaInitializer;
use crate::meta::meta_mlp::MetaMLP;
use crate::meta::potential_model::PotentialModel;

/// Builds a [`MetaInitializer`].
#[derive(Debug)]
pub struct MetaInitializerBuilder<M: PotentialModel = MetaMLP> {
    geometry: Geometry,
    model: M,
    optimizer: Optimizer,
    zero_weights: ZeroWeights,
    any_geometry: bool,
}

impl MetaInitializer {
    /// A [`MetaMLP`] with OTT's settings, trained by Adam at 1e-3.
    ///
    /// # Errors
    /// If the model cannot be initialised.
    #[track_caller]
    pub fn new(geometry: impl Into<Geometry>, key: impl Into<Key>) -> Result<Self> {
        Self::builder(geometry).build(key)
    }

    /// A builder with the defaults of [`new`](MetaInitializer::new).
    #[must_use]
    pub fn builder(geometry: impl Into<Geometry>) -> MetaInitializerBuilder {
        let geometry = geometry.into();
        let model = MetaMLP::new(geometry.shape().0);
        let (optimizer, zero_weights) = (adam(1e-3), ZeroWeights::default());
        MetaInitializerBuilder { geometry, model, optimizer, zero_weights, any_geometry: false }
    }
}

impl<M: PotentialModel + 'static> MetaInitializerBuilder<M> {
    /// Sets the network (default: a [`MetaMLP`] of the geometry's size).
    #[must_use]
    pub fn model<N: PotentialModel>(self, model: N) -> MetaInitializerBuilder<N> {
        let Self { geometry, optimizer, zero_weights, any_geometry, .. } = self;
        MetaInitializerBuilder { geometry, model, optimizer, zero_weights, any_geometry }
    }

    /// Sets the optimizer (default: Adam at 1e-3).
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Self {
        self.optimizer = optimizer.into();
        self
    }

    /// Sets the treatment of atoms without mass in the loss (default: left out).
    #[must_use]
    pub fn zero_weights(mut self, zero_weights: ZeroWeights) -> Self {
        self.zero_weights = zero_weights;
        self
    }

    /// Lets the initializer start problems over other geometries of the same size (default false: they are refused).
    /// Sinkhorn converges from any start, but the prediction is for the geometry that the network was trained for.
    #[must_use]
    pub fn any_geometry(mut self, any_geometry: bool) -> Self {
        self.any_geometry = any_geometry;
        self
    }

    /// Initialises the network; `key` is its `params` stream.
    ///
    /// # Errors
    /// If the model cannot be initialised, or its potential does not have the shape of `a`.
    #[track_caller]
    pub fn build(self, key: impl Into<Key>) -> Result<MetaInitializer<M>> {
        let Self { geometry, model, optimizer, zero_weights, any_geometry } = self;
        let (n, m) = geometry.shape();
        let (a, b) = (Tensor::spec([n], geometry.dtype()), Tensor::spec([m], geometry.dtype()));
        let mut found = Vec::new();
        let variables = model.init(key.into(), |model| {
            let f = model.potential(&a, &b);
            found = f.shape().to_vec();
            f
        })?;
        if found != [n] {
            return Err(Error::Shape {
                name: "the model's potential",
                found,
                expected: format!("[{n}], the shape of a"),
                at: Source::at(Location::caller()),
            });
        }
        let state = TrainState::new(&model, variables, optimizer);
        let objective = with_caller(Location::caller(), || {
            DualObjective::new(&geometry).zero_weights(zero_weights).evaluated()
        })?;
        Ok(MetaInitializer::assemble(geometry, any_geometry, model, objective, state))
    }
}
