//! Sinkhorn's algorithm: the solver and the ways to run it. A [`run`] advances
//! one problem or a batch block by block, [`iteration`] computes a block.

mod iteration;
mod momentum;
mod output;
mod run;
mod settings;
mod steps;

pub use momentum::Momentum;
pub use output::SinkhornOutput;
pub use steps::{Step, Steps};

use std::fmt;
use std::panic::Location;

use metamlp::Tensor;
use metamlp_tensor::{Source, with_caller};

use crate::checks::{is_computed, refused};
use crate::error::{Error, Result};
use crate::geometry::masking::mask;
use crate::initializers::{DefaultInitializer, SinkhornInitializer};
use crate::linear_problem::LinearProblem;
use iteration::CompiledBlock;
use run::Run;
use settings::Settings;

/// Sinkhorn's algorithm (Cuturi 2013), in the log domain by default, with
/// OTT's settings and defaults.
///
/// From potentials `f` and `g`, iteration `k` is
///
/// ```text
/// g ← ε log b − ε log Σ_i exp((f_i − C_ij) / ε)
/// f ← ε log a − ε log Σ_j exp((g_j − C_ij) / ε)
/// ```
///
/// and the error after it is `‖Pᵀ1 − b‖`: the rows of `P` sum to `a` exactly.
/// The error is computed every `inner_iterations`, at the end of each block.
/// Errors are kept as in OTT: one entry for every block that `max_iterations`
/// allows, -1 for a block that did not run, infinite for a block before
/// `min_iterations`.
///
/// Where this differs from OTT:
/// - the count is of iterations that ran, and never exceeds `max_iterations`:
///   the last block is cut short, where OTT finishes it;
/// - the error is always computed at the last iteration, and right after
///   `min_iterations`. OTT reports convergence without an error when
///   `min_iterations` = `max_iterations` is not a multiple of a block.
///
/// A solver and its clones share compiled programs: only the first problem of a
/// shape is compiled.
///
/// ```
/// use metamlp_ot::{Grid, LinearProblem, Sinkhorn};
/// use metamlp_tensor::{F64, Tensor};
/// let grid = Grid::from_size([3], F64, 0.5)?;
/// let a = Tensor::from_vec([3], vec![0.7, 0.2, 0.1]);
/// let problem = LinearProblem::new(grid, a, None)?;
/// let output = Sinkhorn::new().threshold(1e-9).inner_iterations(1).solve(&problem)?;
/// assert!(output.converged());
/// assert_eq!(output.errors()[output.n_iters()], -1.0);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone)]
pub struct Sinkhorn {
    settings: Settings,
    compiled: CompiledBlock,
}

impl Sinkhorn {
    /// A solver with OTT's defaults; the setters document them.
    #[must_use]
    pub fn new() -> Self {
        Self { settings: Settings::default(), compiled: CompiledBlock::new() }
    }

    /// Iterations stop when the error is below this (default 1e-3). With a negative
    /// threshold they run to `max_iterations`.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.settings.threshold = threshold;
        self
    }

    /// The error is measured in the norm `(Σ |x|^p)^(1/p)` (default `p` = 1).
    #[must_use]
    pub fn norm_error(mut self, p: f64) -> Self {
        self.settings.norm_error = p;
        self
    }

    /// The number of iterations per block; the error is computed after each block
    /// (default 10).
    #[must_use]
    pub fn inner_iterations(mut self, iterations: usize) -> Self {
        self.settings.inner_iterations = iterations;
        self
    }

    /// The number of iterations before the error is computed first (default 0).
    #[must_use]
    pub fn min_iterations(mut self, iterations: usize) -> Self {
        self.settings.min_iterations = iterations;
        self
    }

    /// The largest number of iterations (default 2000).
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.settings.max_iterations = iterations;
        self
    }

    /// Averages old and new potentials (default `None`).
    #[must_use]
    pub fn momentum(mut self, momentum: impl Into<Option<Momentum>>) -> Self {
        self.settings.momentum = momentum.into();
        self
    }

    /// Iterates on potentials in the log domain (default true). With `false` it
    /// iterates on scalings, which is faster but underflows where the cost is
    /// many times ε.
    #[must_use]
    pub fn lse_mode(mut self, lse_mode: bool) -> Self {
        self.settings.lse_mode = lse_mode;
        self
    }

    /// Computes both updates of an iteration from the old potentials (default
    /// false). This needs a [`Momentum`] below 1, for example 0.5.
    #[must_use]
    pub fn parallel_dual_updates(mut self, parallel: bool) -> Self {
        self.settings.parallel_dual_updates = parallel;
        self
    }

    /// At the end, shifts `f` to mean 0 over its finite elements and `g` by the
    /// opposite (default false). Changes neither `P` nor the errors.
    #[must_use]
    pub fn recenter_potentials(mut self, recenter: bool) -> Self {
        self.settings.recenter_potentials = recenter;
        self
    }

    /// Solves one problem from zero potentials.
    ///
    /// # Errors
    /// If a setting is out of range, or the problem is a batch.
    #[track_caller]
    pub fn solve(&self, problem: &LinearProblem) -> Result<SinkhornOutput> {
        self.solve_with(problem, &DefaultInitializer)
    }

    /// Solves one problem from the potentials of `initializer`.
    ///
    /// # Errors
    /// Those of [`solve`](Sinkhorn::solve), and those of the initializer.
    #[track_caller]
    pub fn solve_with<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<SinkhornOutput>
    where
        I: SinkhornInitializer + ?Sized,
    {
        let steps = self.steps(problem, initializer)?;
        with_caller(Location::caller(), || steps.run())
    }

    /// Solves one problem from the potentials `f`, `[n]`, and `g`, `[m]`. They are
    /// set to -inf where a weight is 0. (OTT 0.5 and later keeps their values.)
    ///
    /// `g` matters only with momentum or parallel updates.
    ///
    /// # Errors
    /// Those of [`solve`](Sinkhorn::solve), and if a potential has a wrong shape, is not of `f32` or `f64`, or has a NaN or
    /// +inf.
    #[track_caller]
    pub fn solve_from(&self, problem: &LinearProblem, f: &Tensor, g: &Tensor) -> Result<SinkhornOutput> {
        with_caller(Location::caller(), || {
            single(problem)?;
            let start = [("f", f, problem.a()), ("g", g, problem.b())].map(|(name, potential, weights)| {
                if potential.shape() != weights.shape() {
                    let expected = format!("{:?}, the shape of its weights", weights.shape());
                    return Err(Error::Shape {
                        name,
                        found: potential.shape().to_vec(),
                        expected,
                        at: Source::here(),
                    });
                }
                if !is_computed(potential.dtype()) {
                    return Err(Error::NotFloat { name, found: potential.dtype(), at: Source::here() });
                }
                // -inf leaves an atom out, so that only finite potentials are at one with the weights.
                let is_wrong = |value: f64| value.is_nan() || value == f64::INFINITY;
                if !potential.less(f64::INFINITY).all_all().item::<bool>()? {
                    return Err(refused(name, potential, "a number below infinity", is_wrong));
                }
                Ok(mask(potential, weights, f64::NEG_INFINITY).convert(weights.dtype()))
            });
            let [f, g] = start;
            Steps::new(self.run(problem, &f?, &g?)?).run()
        })
    }

    /// Solves a batch of problems over one cost together. Each problem stops when
    /// it has converged, and has its own iteration count and errors.
    ///
    /// # Errors
    /// If a setting is out of range, and those of the initializer.
    #[track_caller]
    pub fn solve_batch<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<Vec<SinkhornOutput>>
    where
        I: SinkhornInitializer + ?Sized,
    {
        let caller = Location::caller();
        let (f, g) = initializer.duals(problem).map_err(|error| error.outside(caller))?;
        with_caller(caller, || {
            let mut run = self.run(problem, &f, &g)?;
            while run.is_active() {
                run.block()?;
            }
            run.outputs()
        })
    }

    /// An iterator over the blocks of one problem's solution. With
    /// `inner_iterations(1)` each item is one iteration.
    ///
    /// ```
    /// use metamlp_ot::{DefaultInitializer, Grid, LinearProblem, Sinkhorn};
    /// use metamlp_tensor::{F32, Tensor};
    /// let a = Tensor::from_vec([3], vec![0.7f32, 0.2, 0.1]);
    /// let problem = LinearProblem::new(Grid::from_size([3], F32, 0.5)?, a, None)?;
    /// let solver = Sinkhorn::new().inner_iterations(1).threshold(1e-4);
    /// let mut steps = solver.steps(&problem, &DefaultInitializer)?;
    /// for step in &mut steps {
    ///     let step = step?;
    ///     assert!(step.iteration == 1 || step.error < 0.1);
    /// }
    /// assert!(steps.output()?.converged());
    /// # Ok::<(), metamlp_ot::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`solve_with`](Sinkhorn::solve_with).
    #[track_caller]
    pub fn steps<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<Steps>
    where
        I: SinkhornInitializer + ?Sized,
    {
        let caller = Location::caller();
        with_caller(caller, || single(problem))?;
        let (f, g) = initializer.duals(problem).map_err(|error| error.outside(caller))?;
        with_caller(caller, || Ok(Steps::new(self.run(problem, &f, &g)?)))
    }

    /// A run from the potentials `f` and `g`, masked where there is no mass.
    fn run(&self, problem: &LinearProblem, f: &Tensor, g: &Tensor) -> Result<Run> {
        Run::new(self.settings, self.compiled.clone(), problem, f, g)
    }
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sinkhorn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        f.debug_struct("Sinkhorn")
            .field("threshold", &settings.threshold)
            .field("norm_error", &settings.norm_error)
            .field("inner_iterations", &settings.inner_iterations)
            .field("min_iterations", &settings.min_iterations)
            .field("max_iterations", &settings.max_iterations)
            .field("momentum", &settings.momentum)
            .field("lse_mode", &settings.lse_mode)
            .field("parallel_dual_updates", &settings.parallel_dual_updates)
            .field("recenter_potentials", &settings.recenter_potentials)
            .finish_non_exhaustive()
    }
}

/// Refuses a batch.
fn single(problem: &LinearProblem) -> Result<()> {
    if problem.batch().is_none() {
        return Ok(());
    }
    let expected = "[n], a single problem; `solve_batch` takes a batch".to_owned();
    Err(Error::Shape { name: "a", found: problem.a().shape().to_vec(), expected, at: Source::here() })
}
