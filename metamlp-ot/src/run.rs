//! The loop around the iterations: what ran, which error it left, and whether
//! to go on. Knows single problems and batches of them.

use metamlp_tensor::{F64, Tensor, evaluate};

use crate::error::Result;
use crate::geometry::finite_or;
use crate::iteration::{Block, Constants, Kernel, State};
use crate::kernel::{LogKernel, ScalingKernel};
use crate::linear_problem::LinearProblem;
use crate::sinkhorn::Sinkhorn;
use crate::sinkhorn_output::SinkhornOutput;

/// A problem, or batch, that is being solved.
#[derive(Debug)]
pub(crate) struct Run {
    solver: Sinkhorn,
    problem: LinearProblem,
    constants: Constants,
    state: State,
    /// Iterations so far of those that are not done.
    iteration: usize,
    progress: Vec<Progress>,
}

/// One problem's part of it.
#[derive(Clone, Debug)]
struct Progress {
    /// A place for every block that there could be.
    errors: Vec<f64>,
    /// The same in the 1-norm, for the momentum, of the blocks that ran.
    errors_1: Vec<f64>,
    n_iters: usize,
    is_active: bool,
}

/// Iterations in one compiled program; a longer block runs it repeatedly.
const LONGEST_PROGRAM: usize = 16;

/// Marks a block that did not run.
const NOT_RUN: f64 = -1.0;

impl Run {
    /// From masked potentials.
    pub(crate) fn new(solver: &Sinkhorn, problem: &LinearProblem, f: &Tensor, g: &Tensor) -> Result<Self> {
        solver.check()?;
        let geometry = problem.geometry();
        let kernel = kernel(solver, problem, geometry.epsilon());
        let (f, g) = if solver.lse_mode {
            (f.clone(), g.clone())
        } else {
            (geometry.scaling_from_potential(f), geometry.scaling_from_potential(g))
        };
        let constants = Constants::new(kernel, problem.a(), problem.b());
        let state = State::new(&constants.kernel, &f, &g);
        let (constants, state) = evaluate((constants, state))?;
        let blocks = solver.max_iterations.div_ceil(solver.inner_iterations);
        let progress = Progress {
            errors: vec![NOT_RUN; blocks],
            errors_1: Vec::new(),
            n_iters: 0,
            is_active: solver.max_iterations > 0,
        };
        let progress = vec![progress; problem.batch().unwrap_or(1)];
        Ok(Self {
            solver: solver.clone(),
            problem: problem.clone(),
            constants,
            state,
            iteration: 0,
            progress,
        })
    }

    /// Whether any problem needs more iterations.
    pub(crate) fn is_active(&self) -> bool {
        self.progress.iter().any(|progress| progress.is_active)
    }

    /// Runs a block of iterations and looks at the error.
    pub(crate) fn block(&mut self) -> Result<()> {
        let solver = &self.solver;
        let start = self.iteration;
        let end = start + solver.inner_iterations.min(solver.max_iterations - start);
        let mut last_errors = None;
        while self.iteration < end {
            let iterations = (end - self.iteration).min(LONGEST_PROGRAM);
            let block = Block {
                iterations,
                kernels: self.annealed(self.iteration, iterations),
                momentum: self.momentum(self.iteration, iterations),
                active: self.active(),
                parallel: solver.parallel_dual_updates,
                norm_error: solver.norm_error,
            };
            let (state, errors) = solver.compiled(&self.constants, self.state.clone(), block)?;
            self.state = state;
            self.iteration += iterations;
            last_errors = Some(errors);
        }
        let Some(errors) = last_errors else { return Ok(()) };
        let [errors, errors_1] = errors.map(|errors| errors.convert(F64).to_vec::<f64>());
        let (errors, errors_1) = (errors?, errors_1?);
        let is_last = self.iteration == solver.max_iterations;
        for (progress, (&error, &error_1)) in self.progress.iter_mut().zip(errors.iter().zip(&errors_1)) {
            if !progress.is_active {
                continue;
            }
            progress.n_iters = self.iteration;
            progress.errors_1.push(error_1);
            let is_early = self.iteration < solver.min_iterations;
            if let Some(place) = progress.errors.get_mut(start / solver.inner_iterations) {
                *place = if is_early { f64::INFINITY } else { error };
            }
            progress.is_active = !is_last && (is_early || (error.is_finite() && error >= solver.threshold));
        }
        Ok(())
    }

    /// The last error of a single problem.
    pub(crate) fn last_error(&self) -> f64 {
        let place = (self.iteration.max(1) - 1) / self.solver.inner_iterations;
        self.progress.first().and_then(|progress| progress.errors.get(place)).copied().unwrap_or(NOT_RUN)
    }

    pub(crate) fn iteration(&self) -> usize {
        self.iteration
    }

    /// The solutions as they are now.
    pub(crate) fn outputs(&self) -> Result<Vec<SinkhornOutput>> {
        let geometry = self.problem.geometry();
        let (mut f, mut g) = (self.state.f.clone(), self.state.g.clone());
        if !self.solver.lse_mode {
            (f, g) = (geometry.potential_from_scaling(&f), geometry.potential_from_scaling(&g));
        }
        if self.solver.recenter_potentials {
            let is_there = f.is_finite();
            let count = is_there.convert(geometry.dtype()).sum_keepdims([-1]);
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
            let threshold = self.solver.threshold;
            SinkhornOutput::new(problem, f, g, mass, progress.errors.clone(), progress.n_iters, threshold)
        });
        outputs.collect()
    }

    /// The kernels of these iterations, if any is not at the last ε.
    fn annealed(&self, start: usize, iterations: usize) -> Vec<Kernel> {
        let geometry = self.problem.geometry();
        let epsilons: Vec<f64> = (start..start + iterations).map(|k| geometry.epsilon_at(k)).collect();
        if epsilons.iter().all(|&epsilon| epsilon <= geometry.epsilon()) {
            return Vec::new();
        }
        epsilons.into_iter().map(|epsilon| kernel(&self.solver, &self.problem, epsilon)).collect()
    }

    fn momentum(&self, start: usize, iterations: usize) -> Vec<Tensor> {
        let Some(momentum) = self.solver.momentum else { return Vec::new() };
        let inner = self.solver.inner_iterations;
        let dtype = self.problem.geometry().dtype();
        let weights = |k: usize| -> Vec<f64> {
            self.progress.iter().map(|progress| momentum.weight(k, inner, &progress.errors_1)).collect()
        };
        let shape: Vec<usize> = self.problem.batch().into_iter().chain([1]).collect();
        (start..start + iterations).map(|k| Tensor::from_vec(&shape, weights(k)).convert(dtype)).collect()
    }

    fn active(&self) -> Option<Tensor> {
        let batch = self.problem.batch()?;
        let active: Vec<bool> = self.progress.iter().map(|progress| progress.is_active).collect();
        Some(Tensor::from_vec([batch, 1], active))
    }
}

fn kernel(solver: &Sinkhorn, problem: &LinearProblem, epsilon: f64) -> Kernel {
    let axes = problem.geometry().axes();
    if solver.lse_mode {
        Kernel::Log(LogKernel::new(axes, epsilon))
    } else {
        Kernel::Scaling(ScalingKernel::new(axes, epsilon))
    }
}
