//! The solver: its settings and the ways to run it.

use std::fmt;
use std::sync::Arc;

use metamlp::{Tensor, jit};

use crate::error::{Error, Result, setting};
use crate::initializers::{DefaultInitializer, SinkhornInitializer, mask};
use crate::iteration::{Block, Constants, State, iterate};
use crate::linear_problem::LinearProblem;
use crate::momentum::Momentum;
use crate::run::Run;
use crate::sinkhorn_output::SinkhornOutput;
use crate::steps::Steps;
use crate::values::refused;

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
/// Errors are computed once in `inner_iterations`, at the end of each block,
/// and kept as in OTT: one place for every block that `max_iterations` allows,
/// -1 where none ran, infinite where `min_iterations` made it skip the error.
///
/// Where this differs from OTT:
/// - the iterations that ran are counted, and `max_iterations` is kept to: the
///   last block is cut short, where OTT's runs over;
/// - the error is always computed at the last iteration, and after
///   `min_iterations` at once. OTT reports convergence without having looked
///   when `min_iterations` = `max_iterations` is no multiple of a block.
///
/// A solver keeps what it has compiled, and so do its clones: more problems of
/// a shape start at once.
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
    pub(crate) threshold: f64,
    pub(crate) norm_error: f64,
    pub(crate) inner_iterations: usize,
    pub(crate) min_iterations: usize,
    pub(crate) max_iterations: usize,
    pub(crate) momentum: Option<Momentum>,
    pub(crate) lse_mode: bool,
    pub(crate) parallel_dual_updates: bool,
    pub(crate) recenter_potentials: bool,
    compiled: Compiled,
}

/// [`iterate`] as a compiled function.
type Compiled =
    Arc<dyn Fn(Constants, State, Block) -> metamlp_tensor::Result<(State, [Tensor; 2])> + Send + Sync>;

impl Sinkhorn {
    /// OTT's defaults, which the setters name.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threshold: 1e-3,
            norm_error: 1.0,
            inner_iterations: 10,
            min_iterations: 0,
            max_iterations: 2000,
            momentum: None,
            lse_mode: true,
            parallel_dual_updates: false,
            recenter_potentials: false,
            compiled: Arc::from(jit(|constants: Constants, state: State, block: Block| {
                Ok(iterate(&constants, state, &block))
            })),
        }
    }

    /// The error below which iterations end; 1e-3. Never, if it is negative.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// `p` of the norm `(Σ |x|^p)^(1/p)` that the error is measured in; 1.
    #[must_use]
    pub fn norm_error(mut self, p: f64) -> Self {
        self.norm_error = p;
        self
    }

    /// Iterations from one look at the error to the next; 10.
    #[must_use]
    pub fn inner_iterations(mut self, iterations: usize) -> Self {
        self.inner_iterations = iterations;
        self
    }

    /// Iterations before the first look at the error; 0.
    #[must_use]
    pub fn min_iterations(mut self, iterations: usize) -> Self {
        self.min_iterations = iterations;
        self
    }

    /// The most iterations; 2000.
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.max_iterations = iterations;
        self
    }

    /// Averages old and new potentials; not by default.
    #[must_use]
    pub fn momentum(mut self, momentum: impl Into<Option<Momentum>>) -> Self {
        self.momentum = momentum.into();
        self
    }

    /// Whether potentials are iterated; true. Scalings, with `false`, are
    /// faster, but underflow where the cost is many times ε.
    #[must_use]
    pub fn lse_mode(mut self, lse_mode: bool) -> Self {
        self.lse_mode = lse_mode;
        self
    }

    /// Whether both updates of an iteration start from the old potentials;
    /// false. Needs a [`Momentum`] below 1, 0.5 for instance.
    #[must_use]
    pub fn parallel_dual_updates(mut self, parallel: bool) -> Self {
        self.parallel_dual_updates = parallel;
        self
    }

    /// Whether `f` is shifted to mean 0 over its finite elements at the end,
    /// and `g` the other way; false. Changes neither `P` nor the errors.
    #[must_use]
    pub fn recenter_potentials(mut self, recenter: bool) -> Self {
        self.recenter_potentials = recenter;
        self
    }

    /// Solves one problem from zeros.
    ///
    /// # Errors
    /// If a setting is out of range, or the problem is a batch.
    pub fn solve(&self, problem: &LinearProblem) -> Result<SinkhornOutput> {
        self.solve_with(problem, &DefaultInitializer)
    }

    /// Solves one problem from where `initializer` starts.
    ///
    /// # Errors
    /// Those of [`solve`](Sinkhorn::solve), and those of the initializer.
    pub fn solve_with<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<SinkhornOutput>
    where
        I: SinkhornInitializer + ?Sized,
    {
        self.steps(problem, initializer)?.run()
    }

    /// Solves one problem from the potentials `f`, `[n]`, and `g`, `[m]`,
    /// which count as -inf where a weight is 0. (OTT from 0.5 on leaves such
    /// atoms in.)
    ///
    /// Without momentum or parallel updates `g` has no influence.
    ///
    /// # Errors
    /// Those of [`solve`](Sinkhorn::solve); if potentials are of another shape or have a NaN.
    pub fn solve_from(&self, problem: &LinearProblem, f: &Tensor, g: &Tensor) -> Result<SinkhornOutput> {
        single(problem)?;
        let start = [("f", f, problem.a()), ("g", g, problem.b())].map(|(name, potential, weights)| {
            if potential.shape() != weights.shape() {
                let expected = format!("{:?}, as its weights", weights.shape());
                return Err(Error::Shape { name, found: potential.shape().to_vec(), expected });
            }
            if potential.not_equal(potential).any_all().item::<bool>()? {
                return Err(refused(name, potential, "a number", f64::is_nan));
            }
            Ok(mask(potential, weights, f64::NEG_INFINITY).convert(weights.dtype()))
        });
        let [f, g] = start;
        Steps::new(Run::new(self, problem, &f?, &g?)?).run()
    }

    /// Solves a batch of problems over one cost together. Each stops changing
    /// when it has converged, and has its own count and errors.
    ///
    /// # Errors
    /// If a setting is out of range; those of the initializer.
    pub fn solve_batch<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<Vec<SinkhornOutput>>
    where
        I: SinkhornInitializer + ?Sized,
    {
        let (f, g) = initializer.duals(problem)?;
        let mut run = Run::new(self, problem, &f, &g)?;
        while run.is_active() {
            run.block()?;
        }
        run.outputs()
    }

    /// The iterations of one problem, one by one: an iterator that measures
    /// the error after each block, so use it with `inner_iterations(1)`.
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
    pub fn steps<I>(&self, problem: &LinearProblem, initializer: &I) -> Result<Steps>
    where
        I: SinkhornInitializer + ?Sized,
    {
        single(problem)?;
        let (f, g) = initializer.duals(problem)?;
        Ok(Steps::new(Run::new(self, problem, &f, &g)?))
    }

    pub(crate) fn compiled(
        &self,
        constants: &Constants,
        state: State,
        block: Block,
    ) -> Result<(State, [Tensor; 2])> {
        Ok((self.compiled)(constants.clone(), state, block)?)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.threshold.is_nan() {
            return Err(setting(
                "threshold",
                self.threshold,
                "a number; a negative one runs to max_iterations",
            ));
        }
        if !(self.norm_error >= 1.0 && self.norm_error.is_finite()) {
            return Err(setting("norm_error", self.norm_error, "a finite number, at least 1"));
        }
        if self.inner_iterations == 0 {
            return Err(setting("inner_iterations", 0, "at least 1"));
        }
        // `errors` has a place for each.
        if self.max_iterations.div_ceil(self.inner_iterations) > MOST_BLOCKS {
            return Err(setting(
                "max_iterations",
                self.max_iterations as f64,
                "at most 2^24 blocks of inner_iterations",
            ));
        }
        if self.max_iterations < self.min_iterations {
            return Err(setting("min_iterations", self.min_iterations as f64, "at most max_iterations"));
        }
        self.momentum.map_or(Ok(()), |momentum| momentum.check(self.inner_iterations))
    }
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sinkhorn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinkhorn")
            .field("threshold", &self.threshold)
            .field("norm_error", &self.norm_error)
            .field("inner_iterations", &self.inner_iterations)
            .field("min_iterations", &self.min_iterations)
            .field("max_iterations", &self.max_iterations)
            .field("momentum", &self.momentum)
            .field("lse_mode", &self.lse_mode)
            .field("parallel_dual_updates", &self.parallel_dual_updates)
            .field("recenter_potentials", &self.recenter_potentials)
            .finish_non_exhaustive()
    }
}

/// Blocks of inner iterations in a run.
const MOST_BLOCKS: usize = 1 << 24;

fn single(problem: &LinearProblem) -> Result<()> {
    if problem.batch().is_none() {
        return Ok(());
    }
    let expected = "one axis, a single problem; solve_batch takes a batch".to_owned();
    Err(Error::Shape { name: "a", found: problem.a().shape().to_vec(), expected })
}
