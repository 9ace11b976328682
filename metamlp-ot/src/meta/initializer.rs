//! The learned initializer: a network that predicts potentials, and its training
//! state.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use metamlp::optim;
use metamlp::{Map, Tensor, TrainState, Tree, evaluate};
use metamlp_tensor::{Source, with_caller};

use crate::checks::check_weights;
use crate::error::{Error, Result};
use crate::geometry::Geometry;
use crate::initializers::SinkhornInitializer;
use crate::linear_problem::LinearProblem;
use crate::meta::dual_objective::DualObjective;
use crate::meta::meta_mlp::MetaMLP;
use crate::meta::potential_model::PotentialModel;
use crate::meta::step::{Prediction, TrainStep, prediction, train_step};

/// The learned initializer of Meta Optimal Transport (Amos, Luise, Cohen and Redko
/// 2023; OTT's `MetaInitializer`). It predicts the potentials of problems over one
/// geometry, and is trained on pairs of weights alone.
///
/// An [`update`](MetaInitializer::update) is a step of the optimizer on the mean
/// [`DualObjective`] of a batch; it solves no transport problem.
///
/// It starts problems over its own geometry: one with equal costs and ε, to within rounding. Others are refused, unless
/// [`any_geometry`](crate::MetaInitializerBuilder::any_geometry) allows them.
///
/// Where this differs from OTT: the loss leaves out atoms without mass
/// ([`ZeroWeights`](crate::ZeroWeights)); `f` has the shape of `a`; every geometry
/// works; the default optimizer is Adam at 1e-3.
///
/// ```
/// use metamlp_core::{Key, Tensor};
/// use metamlp_ot::{Grid, LinearProblem, MetaInitializer, MetaMLP, Sinkhorn};
/// use metamlp_tensor::F32;
/// let grid = Grid::from_size([4], F32, 0.05)?;
/// let model = MetaMLP::new(4).num_hidden_units(32);
/// let mut meta = MetaInitializer::builder(grid.clone()).model(model).build(Key::new(0))?;
///
/// let a = Tensor::from_vec([2, 4], vec![0.4f32, 0.3, 0.2, 0.1, 0.25, 0.25, 0.25, 0.25]);
/// let b = Tensor::from_vec([2, 4], vec![0.1f32, 0.2, 0.3, 0.4, 0.7, 0.1, 0.1, 0.1]);
/// for _ in 0..50 {
///     let (_loss, _f) = meta.update(&a, &b)?;
/// }
///
/// let problem = LinearProblem::new(grid, a.index(0), b.index(0))?;
/// let solver = Sinkhorn::new().inner_iterations(1);
/// let (zeros, learned) = (solver.solve(&problem)?, solver.solve_with(&problem, &meta)?);
/// assert!(learned.n_iters() < zeros.n_iters());
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
pub struct MetaInitializer<M: PotentialModel = MetaMLP> {
    geometry: Geometry,
    /// True if it may start problems over other geometries of the same size.
    any_geometry: bool,
    model: Arc<M>,
    objective: DualObjective,
    state: TrainState,
    /// The shapes of `a` that `step` is compiled for; cleared when the state is replaced.
    compiled_for: BTreeSet<Vec<usize>>,
    step: TrainStep,
    prediction: Prediction,
}

impl<M: PotentialModel + 'static> MetaInitializer<M> {
    /// One step of the optimizer on a batch of pairs, `a`, `[batch, n]`, and `b`,
    /// `[batch, m]`, or on a single pair, `[n]` and `[m]`.
    ///
    /// Returns the mean loss, `[]`, and the potentials, in the shape of `a`, both
    /// from before the step.
    ///
    /// # Errors
    /// If the weights are not distributions over the geometry's atoms. The state
    /// then stays unchanged.
    #[track_caller]
    pub fn update(&mut self, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
        let caller = Location::caller();
        let (a, b) = with_caller(caller, || self.checked(a, b))?;
        // The state is donated, so that the next one reuses its memory. Only the
        // first call with a shape can fail, so only that one needs a copy.
        let is_known = self.compiled_for.contains(a.shape());
        let kept = (!is_known).then(|| self.state.clone());
        let shape = a.shape().to_vec();
        let state = self.take_state();
        match (self.step)(state, a, b) {
            Ok((loss, f, state)) => {
                self.state = state;
                self.compiled_for.insert(shape);
                Ok((loss, f))
            }
            Err(error) => {
                if let Some(state) = kept {
                    self.state = state;
                }
                Err(Error::from(error).outside(caller))
            }
        }
    }

    /// The step of [`update`](MetaInitializer::update) on a given state; returns
    /// the loss, the potentials and the new state.
    ///
    /// # Errors
    /// Those of `update`; [`Error::Parameter`] if the state does not fit the network.
    #[track_caller]
    pub fn updated(&self, state: TrainState, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor, TrainState)> {
        let caller = Location::caller();
        let (a, b) = with_caller(caller, || {
            check_params(&self.state.params, &state.params)?;
            self.checked(a, b)
        })?;
        (self.step)(state, a, b).map_err(|error| Error::from(error).outside(caller))
    }

    /// The network's potential for each pair, in the shape of `a`, not masked.
    ///
    /// # Errors
    /// If the weights are not distributions over the geometry's atoms.
    #[track_caller]
    pub fn predict(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let caller = Location::caller();
        let (a, b) = with_caller(caller, || self.checked(a, b))?;
        let variables = self.state.variables(&self.state.params);
        (self.prediction)(variables, a, b).map_err(|error| Error::from(error).outside(caller))
    }

    /// The mean loss of the network on these pairs, `[]`.
    ///
    /// # Errors
    /// If the weights are not distributions over the geometry's atoms.
    #[track_caller]
    pub fn loss(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let f = self.predict(a, b)?;
        with_caller(Location::caller(), || {
            let (a, b) = (a.convert(f.dtype()), b.convert(f.dtype()));
            Ok(evaluate(self.objective.loss(&f, &a, &b).mean_all())?)
        })
    }

    /// The geometry of its problems.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The network.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The parameters, the optimizer and the optimizer's state.
    #[must_use]
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Map {
        &self.state.params
    }

    /// Replaces the state, for example by one from
    /// [`updated`](MetaInitializer::updated).
    ///
    /// # Errors
    /// [`Error::Parameter`] if it does not fit the network.
    #[track_caller]
    pub fn set_state(&mut self, state: TrainState) -> Result<()> {
        with_caller(Location::caller(), || {
            check_params(&self.state.params, &state.params)?;
            self.compiled_for.clear();
            self.state = state;
            Ok(())
        })
    }

    /// Replaces the parameters and resets the optimizer's state and step count.
    ///
    /// # Errors
    /// [`Error::Parameter`] if they do not fit the network.
    #[track_caller]
    pub fn set_params(&mut self, params: Map) -> Result<()> {
        with_caller(Location::caller(), || {
            check_params(&self.state.params, &params)?;
            self.compiled_for.clear();
            self.state.step = self.state.step.zeros_like();
            self.state.opt_state = self.state.tx.init(&params);
            self.state.params = params;
            Ok(())
        })
    }

    /// Puts the parts together and compiles nothing yet.
    pub(super) fn assemble(
        geometry: Geometry,
        any_geometry: bool,
        model: M,
        objective: DualObjective,
        state: TrainState,
    ) -> Self {
        let model = Arc::new(model);
        let step = train_step(Arc::clone(&model), objective.clone());
        let prediction = prediction(Arc::clone(&model));
        Self {
            geometry,
            any_geometry,
            model,
            objective,
            state,
            compiled_for: BTreeSet::new(),
            step,
            prediction,
        }
    }

    /// Takes the state and leaves an empty one.
    fn take_state(&mut self) -> TrainState {
        let params = std::mem::take(&mut self.state.params);
        let opt_state = std::mem::replace(&mut self.state.opt_state, optim::State::empty());
        let mut state = self.state.clone();
        state.params = params;
        state.opt_state = opt_state;
        state
    }

    /// The weights in the geometry's dtype, if they fit it and each other.
    fn checked(&self, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
        let (n, m) = self.geometry.shape();
        check_weights("a", a, n)?;
        check_weights("b", b, m)?;
        if a.shape()[..a.rank() - 1] != b.shape()[..b.rank() - 1] {
            let batch = &a.shape()[..a.rank() - 1];
            let expected = format!("{batch:?} followed by [{m}]: as many pairs as in a");
            return Err(Error::Shape { name: "b", found: b.shape().to_vec(), expected, at: Source::here() });
        }
        let dtype = self.geometry.dtype();
        Ok(evaluate((a.convert(dtype), b.convert(dtype)))?)
    }
}

impl<M: PotentialModel + 'static> SinkhornInitializer for MetaInitializer<M> {
    fn potential(&self, problem: &LinearProblem) -> Result<Tensor> {
        let caller = Location::caller();
        with_caller(caller, || {
            if !self.any_geometry && !self.geometry.is_like(problem.geometry())? {
                return Err(Error::OtherGeometry {
                    trained: self.geometry.summary(),
                    found: problem.geometry().summary(),
                    at: Source::at(caller),
                });
            }
            self.predict(problem.a(), problem.b())
        })
    }
}

impl<M: PotentialModel + fmt::Debug> fmt::Debug for MetaInitializer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetaInitializer")
            .field("geometry", &self.geometry)
            .field("model", &self.model)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Checks that `found` can replace `own`: the same paths and shapes.
fn check_params(own: &Map, found: &Map) -> Result<()> {
    let own = own.tensors_with_paths();
    for (path, tensor) in found.tensors_with_paths() {
        if !own.iter().any(|(own, _)| *own == path) {
            let found = tensor.ty().to_string();
            return Err(Error::Parameter {
                path: path.to_string(),
                found,
                expected: "no such parameter".to_owned(),
                at: Source::here(),
            });
        }
    }
    for (path, tensor) in own {
        let path = path.to_string();
        let found = found.get(&path).and_then(|entry| entry.as_tensor());
        // Any float dtype is accepted, for training in double precision.
        let fits = |found: &&Tensor| found.shape() == tensor.shape() && found.dtype().is_float();
        if found.filter(fits).is_none() {
            let found = found.map_or_else(|| "missing".to_owned(), |found| found.ty().to_string());
            return Err(Error::Parameter {
                path,
                found,
                expected: tensor.ty().to_string(),
                at: Source::here(),
            });
        }
    }
    Ok(())
}
