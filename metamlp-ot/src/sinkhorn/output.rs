//! A solution: potentials, errors, and the plan and costs computed from them.

use std::panic::Location;

use metamlp_tensor::{F64, Tensor, with_caller};

use crate::error::Result;
use crate::geometry::kernel::LogKernel;
use crate::geometry::{Geometry, Over};
use crate::linear_problem::LinearProblem;

/// The result of [`Sinkhorn`](crate::Sinkhorn) (OTT's `SinkhornOutput`).
///
/// ```
/// use metamlp_ot::{CostMatrix, LinearProblem, Over, Sinkhorn};
/// use metamlp_tensor::Tensor;
/// let cost = Tensor::from_vec([2, 2], vec![0.0, 1.0, 1.0, 0.0]);
/// let problem = LinearProblem::new(CostMatrix::new(&cost, 0.1)?, None, None)?;
/// let output = Sinkhorn::new().solve(&problem)?;
/// assert!(output.matrix()?.to_vec::<f64>()?[0] > 0.49);
/// assert!(output.primal_cost()? < 1e-3);
/// assert!((output.marginal(Over::Columns).to_vec::<f64>()?[0] - 0.5).abs() < 1e-9);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SinkhornOutput {
    problem: LinearProblem,
    f: Tensor,
    g: Tensor,
    transport_mass: f64,
    errors: Vec<f64>,
    n_iters: usize,
    threshold: f64,
}

impl SinkhornOutput {
    pub(crate) fn new(
        problem: LinearProblem,
        f: Tensor,
        g: Tensor,
        transport_mass: f64,
        errors: Vec<f64>,
        n_iters: usize,
        threshold: f64,
    ) -> Result<Self> {
        f.evaluate()?;
        g.evaluate()?;
        Ok(Self { problem, f, g, transport_mass, errors, n_iters, threshold })
    }

    /// The potential on the rows, `[n]`; -inf where `a` is 0.
    #[must_use]
    pub fn f(&self) -> &Tensor {
        &self.f
    }

    /// The potential on the columns, `[m]`; -inf where `b` is 0.
    #[must_use]
    pub fn g(&self) -> &Tensor {
        &self.g
    }

    /// The marginal error after each block of `inner_iterations`; -1 for blocks
    /// that did not run, infinite for blocks before `min_iterations`.
    #[must_use]
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    /// The number of iterations that ran.
    #[must_use]
    pub fn n_iters(&self) -> usize {
        self.n_iters
    }

    /// True if the last computed error is below the threshold.
    #[must_use]
    pub fn converged(&self) -> bool {
        let last = self.errors.iter().rfind(|&&error| error >= 0.0 || error.is_nan());
        last.is_some_and(|&error| error < self.threshold)
    }

    /// The problem that was solved.
    #[must_use]
    pub fn problem(&self) -> &LinearProblem {
        &self.problem
    }

    /// The regularised cost `Σa(f − ε log a) + Σb(g − ε log b) + ε(Σa Σb − ΣP)` over
    /// the atoms with mass. On convergence it is `⟨P, C⟩ + ε KL(P | abᵀ)`.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    #[track_caller]
    pub fn reg_ot_cost(&self) -> Result<f64> {
        with_caller(Location::caller(), || {
            let (a, b) = (self.problem.a(), self.problem.b());
            let mass = sum(&a.convert(F64))? * sum(&b.convert(F64))? - self.transport_mass;
            Ok(self.dual_cost()? + self.epsilon() * (entropy(a)? + entropy(b)? + mass))
        })
    }

    /// The transport cost `⟨P, C⟩`.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    #[track_caller]
    pub fn primal_cost(&self) -> Result<f64> {
        with_caller(Location::caller(), || {
            match self.geometry() {
                Geometry::Grid(_) => self.separable_primal_cost(),
                _ => {
                    let (plan, cost) =
                        (self.matrix()?.convert(F64), self.geometry().cost_matrix()?.convert(F64));
                    // A forbidden pair has an infinite cost and no mass.
                    sum(&plan.greater(0.0).select(&plan * cost, 0.0))
                }
            }
        })
    }

    /// The dual cost `⟨a, f⟩ + ⟨b, g⟩` over the atoms with mass.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    #[track_caller]
    pub fn dual_cost(&self) -> Result<f64> {
        with_caller(Location::caller(), || {
            let side = |weights: &Tensor, potential: &Tensor| {
                let product = weights.convert(F64) * potential.convert(F64);
                sum(&weights.greater(0.0).select(product, 0.0))
            };
            Ok(side(self.problem.a(), &self.f)? + side(self.problem.b(), &self.g)?)
        })
    }

    /// The entropic cost `reg_ot_cost − ε(H(a) + H(b))`, where `H(a) = −Σ a log a`.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    #[track_caller]
    pub fn ent_reg_cost(&self) -> Result<f64> {
        with_caller(Location::caller(), || {
            let entropies = entropy(self.problem.a())? + entropy(self.problem.b())?;
            Ok(self.reg_ot_cost()? - self.epsilon() * entropies)
        })
    }

    /// The total mass `ΣP`.
    #[must_use]
    pub fn transport_mass(&self) -> f64 {
        self.transport_mass
    }

    /// The transport plan `P`, `[n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) on a grid.
    #[track_caller]
    pub fn matrix(&self) -> Result<Tensor> {
        with_caller(Location::caller(), || {
            let matrix = self.geometry().transport_from_potentials(&self.f, &self.g)?;
            matrix.evaluate()?;
            Ok(matrix)
        })
    }

    /// The sums of `P` over the rows, `[m]`, or over the columns, `[n]`.
    #[track_caller]
    #[must_use]
    pub fn marginal(&self, over: Over) -> Tensor {
        with_caller(Location::caller(), || self.geometry().marginal_from_potentials(&self.f, &self.g, over))
    }

    /// Applies the plan without forming it: `Σ_i P_ij x_i` over the rows, `[.., n]`
    /// to `[.., m]`, or `Σ_j P_ij x_j` over the columns.
    #[track_caller]
    #[must_use]
    pub fn apply(&self, x: &Tensor, over: Over) -> Tensor {
        with_caller(Location::caller(), || {
            self.geometry().apply_transport_from_potentials(&self.f, &self.g, x, over)
        })
    }

    fn geometry(&self) -> &Geometry {
        self.problem.geometry()
    }

    fn epsilon(&self) -> f64 {
        self.geometry().epsilon()
    }

    /// The cost is a sum over axes, so `⟨P, C⟩` is the sum of `⟨P, C_axis⟩`. Each is
    /// the mass of the plan with its kernel multiplied by the cost of that axis.
    fn separable_primal_cost(&self) -> Result<f64> {
        let axes = self.geometry().axes();
        let kernel = LogKernel::new(axes, self.epsilon());
        let mut cost = 0.0;
        for (i, axis) in axes.iter().enumerate() {
            let weighted = kernel.with_log_factor(i, &axis.cost.log(), axes);
            let applied = weighted.log_sum_exp(&self.f, Over::Rows);
            cost += sum(&((&self.g + applied) / self.epsilon()).exp().convert(F64))?;
        }
        Ok(cost)
    }
}

fn sum(x: &Tensor) -> Result<f64> {
    Ok(x.sum_all().item::<f64>()?)
}

/// The entropy `−Σ w log w`.
fn entropy(weights: &Tensor) -> Result<f64> {
    let weights = weights.convert(F64);
    sum(&weights.greater(0.0).select(-(&weights * weights.log()), 0.0))
}
