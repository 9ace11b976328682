//! The loop over blocks of iterations: counts, errors and convergence, for one
//! problem or a batch. Knows the settings and the compiled block, not the settings.

use metamlp_tensor::{F64, Tensor, evaluate};

use crate::error::Result;
use crate::geometry::kernel::{LogKernel, ScalingKernel};
use crate::geometry::masking::finite_or;
use crate::linear_problem::LinearProblem;
use crate::sinkhorn::iteration::{Block, CompiledBlock, Constants, Kernel, State};
use crate::sinkhorn::output::SinkhornOutput;
use crate::sinkhorn::settings::Settings;

/// The solution of a problem, or batch, in progress.
#[derive(Debug)]
pub(crate) struct Run {
    settings: Settings,
    compiled: CompiledBlock,
    problem: LinearProblem,
    constants: Constants,
    state: State,
    /// The iterations so far; problems that are done ran fewer.
    iteration: usize,
    /// One entry per problem.
    progress: Vec<Progress>,
}

/// The progress of one problem.
#[derive(Clone, Debug)]
struct Progress {
    /// One entry per block that `max_iterations` allows.
    errors: Vec<f64>,
    /// The errors of the blocks that ran, in the 1-norm, for the momentum.
    errors_1: Vec<f64>,
    n_iters: usize,
    is_active: bool,
}

/// The most iterations in one compiled program; a longer block runs several.
const LONGEST_PROGRAM: usize = 16;

/// The error of a block that did not run.
const NOT_RUN: f64 = -1.0;

impl Run {
    /// A run from potentials that are -inf where there is no mass.
    pub(crate) fn new(
        settings: Settings,
        compiled: CompiledBlock,
        problem: &LinearProblem,
        f: &Tensor,
        g: &Tensor,
    ) -> Result<Self> {
        settings.check()?;
        let geometry = problem.geometry();
        let kernel = kernel(&settings, problem, geometry.epsilon());
        let (f, g) = if settings.lse_mode {
            (f.clone(), g.clone())
        } else {
            (geometry.scaling_from_potential(f), geometry.scaling_from_potential(g))
        };
        let constants = Constants::new(kernel, problem.a(), problem.b());
        let state = State::new(&constants.kernel, &f, &g);
        let (constants, state) = evaluate((constants, state))?;
        let progress = Progress {
            errors: vec![NOT_RUN; settings.blocks()],
            errors_1: Vec::new(),
            n_iters: 0,
            is_active: settings.max_iterations > 0,
        };
        let progress = vec![progress; problem.batch().unwrap_or(1)];
        Ok(Self { settings, compiled, problem: problem.clone(), constants, state, iteration: 0, progress })
    }

    /// True if a problem needs more iterations.
    pub(crate) fn is_active(&self) -> bool {
        self.progress.iter().any(|progress| progress.is_active)
    }

    /// Runs a block of iterations and computes its error.
    pub(crate) fn block(&mut self) -> Result<()> {
        let settings = self.settings;
        let start = self.iteration;
        let end = start + settings.inner_iterations.min(settings.max_iterations - start);
        let mut last_errors = None;
        while self.iteration < end {
            let iterations = (end - self.iteration).min(LONGEST_PROGRAM);
            let block = Block {
                iterations,
                kernels: self.annealed(self.iteration, iterations),
                momentum: self.momentum(self.iteration, iterations),
                active: self.active(),
                parallel: settings.parallel_dual_updates,
                norm_error: settings.norm_error,
            };
            let (state, errors) = self.compiled.run(&self.constants, self.state.clone(), block)?;
            self.state = state;
            self.iteration += iterations;
            last_errors = Some(errors);
        }
        let Some(errors) = last_errors else { return Ok(()) };
        let numbers = |errors: &Tensor| errors.convert(F64).to_vec::<f64>();
        let (error, errors_1) = (numbers(&errors.error)?, numbers(&errors.error_1)?);
        let rows = errors.rows.as_ref().map_or_else(|| Ok(vec![0.0; error.len()]), numbers)?;
        // OTT's error, unless only the rows miss the threshold: then it is theirs.
        let errors: Vec<f64> = error
            .iter()
            .zip(&rows)
            .map(|(&error, &rows)| if error < settings.threshold { error.max(rows) } else { error })
            .collect();
        let is_last = self.iteration == settings.max_iterations;
        for (progress, (&error, &error_1)) in self.progress.iter_mut().zip(errors.iter().zip(&errors_1)) {
            if !progress.is_active {
                continue;
            }
            progress.n_iters = self.iteration;
            progress.errors_1.push(error_1);
            let is_early = self.iteration < settings.min_iterations;
            progress.errors[start / settings.inner_iterations] = if is_early { f64::INFINITY } else { error };
            progress.is_active = !is_last && (is_early || (error.is_finite() && error >= settings.threshold));
        }
        Ok(())
    }

    /// The last error of a single problem; a block has run.
    pub(crate) fn last_error(&self) -> f64 {
        self.progress[0].errors[(self.iteration - 1) / self.settings.inner_iterations]
    }

    /// The number of iterations so far.
    pub(crate) fn iteration(&self) -> usize {
        self.iteration
    }

    /// The solutions so far.
    pub(crate) fn outputs(&self) -> Result<Vec<SinkhornOutput>> {
        let geometry = self.problem.geometry();
        let (mut f, mut g) = (self.state.f.clone(), self.state.g.clone());
        if !self.settings.lse_mode {
            (f, g) = (geometry.potential_from_scaling(&f), geometry.potential_from_scaling(&g));
        }
        if self.settings.recenter_potentials {
            let has_mass = f.is_finite();
            let count = has_mass.convert(geometry.dtype()).sum_keepdims([-1]);
            let mean = finite_or(&f, 0.0).sum_keepdims([-1]) / count.maximum(1.0);
            (f, g) = (f - &mean, g + mean);
        }
        let mass = self.state.column_marginal(&self.constants.kernel).convert(F64).sum([-1]);
        let (f, g, mass) = evaluate((f, g, mass))?;
        let masses = mass.to_vec::<f64>()?;
        let outputs = self.progress.iter().zip(masses).enumerate().map(|(i, (progress, mass))| {
            let (problem, f, g) = match self.problem.batch() {
                None => (self.problem.clone(), f.clone(), g.clone()),
                Some(_) => (self.problem.single(i), f.index(i), g.index(i)),
            };
            let threshold = self.settings.threshold;
            SinkhornOutput::new(problem, f, g, mass, progress.errors.clone(), progress.n_iters, threshold)
        });
        outputs.collect()
    }

    /// The kernels of these iterations; empty if all are at the final ε.
    fn annealed(&self, start: usize, iterations: usize) -> Vec<Kernel> {
        let geometry = self.problem.geometry();
        let epsilons: Vec<f64> = (start..start + iterations).map(|k| geometry.epsilon_at(k)).collect();
        if epsilons.iter().all(|&epsilon| epsilon <= geometry.epsilon()) {
            return Vec::new();
        }
        epsilons.into_iter().map(|epsilon| kernel(&self.settings, &self.problem, epsilon)).collect()
    }

    /// The momentum of these iterations, `[1]` or `[batch, 1]`; empty without momentum.
    fn momentum(&self, start: usize, iterations: usize) -> Vec<Tensor> {
        let Some(momentum) = self.settings.momentum else { return Vec::new() };
        let inner = self.settings.inner_iterations;
        let dtype = self.problem.geometry().dtype();
        let weights = |k: usize| -> Vec<f64> {
            self.progress.iter().map(|progress| momentum.weight(k, inner, &progress.errors_1)).collect()
        };
        let shape: Vec<usize> = self.problem.batch().into_iter().chain([1]).collect();
        (start..start + iterations).map(|k| Tensor::from_vec(&shape, weights(k)).convert(dtype)).collect()
    }

    /// True for the problems of a batch that are not done, `[batch, 1]`.
    fn active(&self) -> Option<Tensor> {
        let batch = self.problem.batch()?;
        let active: Vec<bool> = self.progress.iter().map(|progress| progress.is_active).collect();
        Some(Tensor::from_vec([batch, 1], active))
    }
}

/// The kernel at `epsilon` for potentials or scalings, as `lse_mode` says.
fn kernel(settings: &Settings, problem: &LinearProblem, epsilon: f64) -> Kernel {
    let axes = problem.geometry().axes();
    if settings.lse_mode {
        Kernel::Log(LogKernel::new(axes, epsilon))
    } else {
        Kernel::Scaling(ScalingKernel::new(axes, epsilon))
    }
}
