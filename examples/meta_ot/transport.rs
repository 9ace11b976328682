//! The program's use of metamlp-ot: the network, its training, and Sinkhorn from
//! each start. Knows digits as weights, not where they come from.

use std::path::Path;

use metamlp::ot::{
    DefaultInitializer, GaussianInitializer, Geometry, Grid, LinearProblem, MetaInitializer, Over, Sinkhorn,
    Steps,
};
use metamlp::prelude::*;
use metamlp::{Map, checkpoint};
use metamlp_experiment::{PIXELS, SIDE};

use crate::digits::Measure;
use crate::displacement::Potentials;
use crate::error::{Error, Result};
use crate::start::Start;

/// The maximum of Sinkhorn iterations; OTT's default.
const MOST_ITERATIONS: usize = 2000;

/// Transport on the pixel grid, and a network that predicts its potentials.
#[derive(Debug)]
pub(crate) struct Transport {
    meta: MetaInitializer,
    /// Computes the error at every iteration; the caller decides when to stop.
    solver: Sinkhorn,
}

impl Transport {
    /// A fresh network: OTT's `MetaMLP` with its defaults, trained by Adam at 1e-3.
    pub(crate) fn new(epsilon: f32, seed: i64) -> Result<Self> {
        let grid = Grid::from_size([SIDE, SIDE], F32, f64::from(epsilon))?;
        let meta = MetaInitializer::new(grid, Key::new(seed))?;
        let solver = Sinkhorn::new().inner_iterations(1).threshold(-1.0).max_iterations(MOST_ITERATIONS);
        Ok(Self { meta, solver })
    }

    /// The network's parameters.
    pub(crate) fn params(&self) -> &Map {
        self.meta.params()
    }

    /// Loads the network's parameters from a safetensors file.
    pub(crate) fn load(&mut self, path: &Path) -> Result<()> {
        let params = checkpoint::load_safetensors(path, self.params())?;
        for (name, tensor) in params.tensors_with_paths() {
            if !tensor.is_finite().all_all().item::<bool>()? {
                return Err(Error::WeightNotFinite { path: path.into(), name: name.to_string() });
            }
        }
        Ok(self.meta.set_params(params)?)
    }

    /// One update of the network on these pairs; returns the loss before it.
    pub(crate) fn update(&mut self, digits: &[Measure], pairs: &[(usize, usize)]) -> Result<f32> {
        let (a, b) = batch(digits, pairs);
        let (loss, _) = self.meta.update(&a, &b)?;
        Ok(loss.item::<f32>()?)
    }

    /// The mean loss over these pairs.
    pub(crate) fn loss(&self, digits: &[Measure], pairs: &[(usize, usize)]) -> Result<f32> {
        let (a, b) = batch(digits, pairs);
        Ok(self.meta.loss(&a, &b)?.item::<f32>()?)
    }

    /// The iterations of Sinkhorn from `start`.
    pub(crate) fn steps(&self, start: Start, a: &Measure, b: &Measure) -> Result<Steps> {
        let problem = self.problem(a, b)?;
        Ok(match start {
            Start::Zeros => self.solver.steps(&problem, &DefaultInitializer),
            Start::Gaussian => self.solver.steps(&problem, &GaussianInitializer),
            Start::Meta => self.solver.steps(&problem, &self.meta),
        }?)
    }

    /// The predicted potential `f` and the optimal `g` for it.
    pub(crate) fn predict(&self, a: &Measure, b: &Measure) -> Result<Potentials> {
        let problem = self.problem(a, b)?;
        let f = self.meta.predict(problem.a(), problem.b())?;
        let f = problem.a().greater(0.0).select(f, f64::NEG_INFINITY);
        let geometry = self.geometry();
        let g = geometry.update_potential(&f, &problem.b().log(), geometry.epsilon(), Over::Rows);
        potentials(&f, &g)
    }

    /// The potentials of the solution at this marginal error.
    pub(crate) fn solve(&self, a: &Measure, b: &Measure, threshold: f32) -> Result<Potentials> {
        let solver = self.solver.clone().threshold(f64::from(threshold));
        let solution = solver.solve_with(&self.problem(a, b)?, &self.meta)?;
        potentials(solution.f(), solution.g())
    }

    fn geometry(&self) -> &Geometry {
        self.meta.geometry()
    }

    fn problem(&self, a: &Measure, b: &Measure) -> Result<LinearProblem> {
        let [a, b] = [a, b].map(|weights| Tensor::from_vec([PIXELS], weights.clone()));
        Ok(LinearProblem::new(self.geometry().clone(), a, b)?)
    }
}

/// The two digits of every pair, each `[pairs, pixels]`.
fn batch(digits: &[Measure], pairs: &[(usize, usize)]) -> (Tensor, Tensor) {
    let side = |of: fn(&(usize, usize)) -> usize| {
        let values: Vec<f32> = pairs.iter().flat_map(|pair| &digits[of(pair)]).copied().collect();
        Tensor::from_vec([pairs.len(), PIXELS], values)
    };
    (side(|pair| pair.0), side(|pair| pair.1))
}

fn potentials(f: &Tensor, g: &Tensor) -> Result<Potentials> {
    Ok(Potentials { f: f.to_vec()?, g: g.to_vec()? })
}
