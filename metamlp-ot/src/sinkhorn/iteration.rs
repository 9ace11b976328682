//! A block of Sinkhorn iterations as one function of trees of tensors, which is
//! compiled once for all problems of a shape. Knows no convergence.

use std::fmt;
use std::sync::Arc;

use metamlp::{F64, Tensor, Tree, jit};

use crate::error::Result;
use crate::geometry::Over;
use crate::geometry::kernel::{LogKernel, ScalingKernel};
use crate::geometry::masking::{finite_or, positive_or_one};

/// The constants of a problem's iterations.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Constants {
    /// The kernel at the final ε of the schedule.
    pub(crate) kernel: Kernel,
    pub(crate) a: Tensor,
    pub(crate) b: Tensor,
    pub(crate) log_a: Tensor,
    pub(crate) log_b: Tensor,
}

impl Constants {
    pub(crate) fn new(kernel: Kernel, a: &Tensor, b: &Tensor) -> Self {
        Self { kernel, a: a.clone(), b: b.clone(), log_a: a.log(), log_b: b.log() }
    }
}

/// The kernel for potentials or for scalings.
#[derive(Clone, Debug, Tree)]
pub(crate) enum Kernel {
    Log(LogKernel),
    Scaling(ScalingKernel),
}

/// The iterates: potentials, or scalings in kernel mode.
#[derive(Clone, Debug, Tree)]
pub(crate) struct State {
    pub(crate) f: Tensor,
    pub(crate) g: Tensor,
    /// The kernel applied to `f`. The marginal error needs it at the end of a
    /// block, the update of `g` at the start of the next one.
    applied: Tensor,
}

/// The largest error of a potential by rounding, in units of ε, below which its level stays.
const MOST_ROUNDING: f64 = 1e-4;

impl State {
    pub(crate) fn new(kernel: &Kernel, f: &Tensor, g: &Tensor) -> Self {
        Self { f: f.clone(), g: g.clone(), applied: kernel.apply(f, Over::Rows) }.recentred(kernel)
    }

    /// The same plan from potentials whose largest `f` is 0, if `f` is at a level at which rounding would change the
    /// plan. Scalings stay as they are.
    pub(crate) fn recentred(self, kernel: &Kernel) -> Self {
        let Kernel::Log(LogKernel { epsilon, .. }) = kernel else { return self };
        let precision = if self.f.dtype() == F64 { f64::EPSILON } else { f32::EPSILON.into() };
        let level = finite_or(&self.f.max_keepdims([-1]), 0.0);
        let is_high = (level.abs() * (precision / MOST_ROUNDING)).greater(epsilon);
        let level = is_high.select(level, 0.0);
        Self { f: self.f - &level, g: self.g + &level, applied: self.applied - level }
    }

    /// The sums of `P` over the rows, `[.., m]`.
    pub(crate) fn column_marginal(&self, kernel: &Kernel) -> Tensor {
        kernel.marginal(&self.g, &self.applied)
    }
}

/// The iterations of one block.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Block {
    /// The number of iterations.
    pub(crate) iterations: usize,
    /// The kernel of each iteration; empty if all are at the final ε.
    pub(crate) kernels: Vec<Kernel>,
    /// The momentum of each iteration, `[.., 1]`; empty without momentum.
    pub(crate) momentum: Vec<Tensor>,
    /// True for the problems of a batch that are not done, `[batch, 1]`; the
    /// others do not change.
    pub(crate) active: Option<Tensor>,
    /// True if both updates start from the old potentials.
    pub(crate) parallel: bool,
    /// The norm of the error that is computed after the last iteration.
    pub(crate) norm_error: f64,
}

/// [`iterate`] as a compiled function; clones share its programs.
#[derive(Clone)]
pub(crate) struct CompiledBlock(Arc<Iterate>);

type Iterate = dyn Fn(Constants, State, Block) -> metamlp_tensor::Result<(State, Errors)> + Send + Sync;

impl CompiledBlock {
    pub(crate) fn new() -> Self {
        Self(Arc::from(jit(|constants: Constants, state: State, block: Block| {
            Ok(iterate(&constants, state, &block))
        })))
    }

    /// The state after a block, and its errors.
    pub(crate) fn run(&self, constants: &Constants, state: State, block: Block) -> Result<(State, Errors)> {
        Ok((self.0)(constants.clone(), state, block)?)
    }
}

impl fmt::Debug for CompiledBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledBlock").finish_non_exhaustive()
    }
}

/// The marginal errors after a block, `[..]`.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Errors {
    /// The error as OTT defines it, in `norm_error`: that of the columns. Parallel updates add that of the rows.
    pub(crate) error: Tensor,
    /// The same in the 1-norm.
    pub(crate) error_1: Tensor,
    /// The error of the rows, in `norm_error`, if an iteration leaves them and `error` does not count it.
    pub(crate) rows: Option<Tensor>,
}

/// The state after a block and its errors.
fn iterate(constants: &Constants, state: State, block: &Block) -> (State, Errors) {
    let mut state = state;
    for i in 0..block.iterations {
        let next = step(constants, &state, block.kernels.get(i), block.momentum.get(i), block.parallel);
        state = match &block.active {
            None => next,
            Some(active) => State {
                f: active.select(next.f, &state.f),
                g: active.select(next.g, &state.g),
                applied: active.select(next.applied, &state.applied),
            },
        };
    }
    let state = state.recentred(&constants.kernel);
    let error_in = |norm| error(constants, &state, block.parallel, norm);
    let has_rows = !block.momentum.is_empty() && !block.parallel;
    let rows = has_rows.then(|| row_error(constants, &state, block.norm_error));
    let errors = Errors { error: error_in(block.norm_error), error_1: error_in(1.0), rows };
    (state, errors)
}

/// One iteration: `g` from `f`, then `f` from the new `g`.
fn step(
    constants: &Constants,
    state: &State,
    annealed: Option<&Kernel>,
    momentum: Option<&Tensor>,
    parallel: bool,
) -> State {
    let last = &constants.kernel;
    let kernel = annealed.unwrap_or(last);
    let applied = match annealed {
        None => state.applied.clone(),
        Some(kernel) => kernel.apply(&state.f, Over::Rows),
    };
    let g = kernel.update(&state.g, &constants.b, &constants.log_b, &applied, momentum);
    let other = if parallel { &state.g } else { &g };
    let applied = kernel.apply(other, Over::Columns);
    let f = kernel.update(&state.f, &constants.a, &constants.log_a, &applied, momentum);
    let applied = last.apply(&f, Over::Rows);
    State { f, g, applied }
}

/// `‖Pᵀ1 − b‖`: the row sums are exact after the second half of an iteration.
/// After parallel updates neither marginal is, and both errors are added.
fn error(constants: &Constants, state: &State, parallel: bool, norm: f64) -> Tensor {
    let kernel = &constants.kernel;
    let columns = distance(&state.column_marginal(kernel), &constants.b, norm);
    if parallel { columns + row_error(constants, state, norm) } else { columns }
}

/// `‖P1 − a‖`. It is 0 after the second half of an iteration, unless momentum averages that with the old potential.
fn row_error(constants: &Constants, state: &State, norm: f64) -> Tensor {
    let kernel = &constants.kernel;
    let rows = kernel.marginal(&state.f, &kernel.apply(&state.g, Over::Columns));
    distance(&rows, &constants.a, norm)
}

/// `(Σ |x − y|^p)^(1/p)` over the last axis.
fn distance(x: &Tensor, y: &Tensor, p: f64) -> Tensor {
    let differences = (x - y).abs();
    #[expect(clippy::float_cmp, reason = "1 itself needs no power; other norms go the general way")]
    if p == 1.0 {
        return differences.sum([-1]);
    }
    differences.power(p).sum([-1]).power(1.0 / p)
}

impl Kernel {
    pub(crate) fn apply(&self, x: &Tensor, over: Over) -> Tensor {
        match self {
            Self::Log(kernel) => kernel.log_sum_exp(x, over),
            Self::Scaling(kernel) => kernel.apply(x, over),
        }
    }

    /// The new potential or scaling; `applied` is the kernel applied to the other one.
    fn update(
        &self,
        old: &Tensor,
        weights: &Tensor,
        log_weights: &Tensor,
        applied: &Tensor,
        momentum: Option<&Tensor>,
    ) -> Tensor {
        match self {
            Self::Log(kernel) => {
                let new = log_weights * &kernel.epsilon - finite_or(applied, 0.0);
                match momentum {
                    None => new,
                    Some(w) => (1.0 - w) * finite_or(old, 0.0) + w * new,
                }
            }
            Self::Scaling(_) => {
                let new = weights / positive_or_one(applied);
                match momentum {
                    None => new,
                    Some(w) => {
                        let positive = old.greater(0.0);
                        let old = positive.select(old, 1.0);
                        old.power(1.0 - w) * new.power(w)
                    }
                }
            }
        }
    }

    /// The marginal of `P` on the side of `kept`; `applied` is the kernel applied to
    /// the other side.
    fn marginal(&self, kept: &Tensor, applied: &Tensor) -> Tensor {
        match self {
            Self::Log(kernel) => ((kept + applied) / &kernel.epsilon).exp(),
            Self::Scaling(_) => kept * applied,
        }
    }
}
