//! The dual objective of entropic transport and its closed-form gradient: the
//! training loss of learned initializers. Knows no network.

use std::panic::Location;

use metamlp::{Tensor, evaluate};
use metamlp_tensor::{Source, with_caller};

use crate::error::{Error, Result};
use crate::geometry::kernel::LogKernel;
use crate::geometry::masking::{finite_or, mask};
use crate::geometry::{Geometry, Over};

/// The negative dual of entropic transport as a function of one potential (Amos,
/// Luise, Cohen and Redko 2023, *Meta Optimal Transport*), at the final ε.
///
/// With the optimal `g` for `f`, `g_j = ε log b_j − ε log Σ_i exp((f_i − C_ij)/ε)`,
///
/// ```text
/// loss = −Σ_{a_i>0} a_i (f_i − ε log a_i) − Σ_{b_j>0} b_j (g_j − ε log b_j) − ε (Σa Σb − ΣP)
/// ```
///
/// Its minimum is `−reg_ot_cost`. Its gradient is the residual of the row sums,
/// `r − a` with `r_i = Σ_j P_ij`; `g` contributes nothing, because it is a
/// maximiser.
///
/// All arguments may have leading batch axes. The methods are lazy.
///
/// ```
/// use metamlp_ot::{CostMatrix, DualObjective};
/// use metamlp_tensor::{Tensor, value_and_grad};
/// let cost = Tensor::from_vec([2, 2], vec![0.0, 1.0, 1.0, 0.0]);
/// let objective = DualObjective::new(CostMatrix::new(&cost, 0.5)?);
/// let a = Tensor::from_vec([2], vec![0.7, 0.3]);
/// let b = Tensor::from_vec([2], vec![0.4, 0.6]);
/// let f = Tensor::from_vec([2], vec![0.1, -0.1]);
/// let (loss, gradient) = value_and_grad(&f, |f| objective.loss(f, &a, &b))?;
/// let (same_loss, residual) = objective.loss_and_residual(&f, &a, &b);
/// assert!((loss.item::<f64>()? - same_loss.item::<f64>()?).abs() < 1e-12);
/// assert!((gradient - residual).abs().max_all().item::<f64>()? < 1e-12);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DualObjective {
    /// The numbers of atoms.
    shape: (usize, usize),
    kernel: LogKernel,
    epsilon: f64,
    zero_weights: ZeroWeights,
}

/// The treatment of atoms without mass in a [`DualObjective`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ZeroWeights {
    /// They are left out: `f_i` is -inf where `a_i = 0`, and columns with
    /// `b_j = 0` are ignored. The loss is invariant under a constant shift of `f`.
    #[default]
    Masked,
    /// As in OTT-JAX up to 0.6.0, for comparisons: rows without mass take part in
    /// `g`, and `g_j` is 0 where `b_j = 0`, which adds a spurious mass that
    /// depends on a constant shift of `f`.
    AsOtt,
}

impl DualObjective {
    /// The objective over a geometry; atoms without mass are left out.
    #[must_use]
    pub fn new(geometry: impl Into<Geometry>) -> Self {
        let geometry = geometry.into();
        let (shape, epsilon) = (geometry.shape(), geometry.epsilon());
        let kernel = LogKernel::new(geometry.axes(), epsilon);
        Self { shape, kernel, epsilon, zero_weights: ZeroWeights::default() }
    }

    /// Sets the treatment of atoms without mass.
    #[must_use]
    pub fn zero_weights(mut self, zero_weights: ZeroWeights) -> Self {
        self.zero_weights = zero_weights;
        self
    }

    /// The loss, `[..]`, of potentials `f`, `[.., n]`, with weights `a`, `[.., n]`,
    /// and `b`, `[.., m]`. It is differentiable, but
    /// [`loss_and_residual`](Self::loss_and_residual) gives the gradient at a lower cost.
    #[track_caller]
    #[must_use]
    pub fn loss(&self, f: &Tensor, a: &Tensor, b: &Tensor) -> Tensor {
        with_caller(Location::caller(), || {
            if let Err(error) = self.fitting(f, a, b) {
                return f.poisoned_like(error.into());
            }
            let f = self.present(f, a);
            let applied = self.kernel.log_sum_exp(&f, Over::Rows);
            self.loss_of(&f, &applied, a, b)
        })
    }

    /// The loss, `[..]`, and its gradient `r − a` with respect to `f`, `[.., n]`,
    /// at the cost of two applications of the kernel.
    #[track_caller]
    #[must_use]
    pub fn loss_and_residual(&self, f: &Tensor, a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
        with_caller(Location::caller(), || {
            if let Err(error) = self.fitting(f, a, b) {
                let refused = f.poisoned_like(error.into());
                return (refused.clone(), refused);
            }
            let f = self.present(f, a);
            let applied = self.kernel.log_sum_exp(&f, Over::Rows);
            let g = self.other_potential(&applied, b);
            let back = self.kernel.log_sum_exp(&g, Over::Columns);
            let rows = ((&f + back) / &self.kernel.epsilon).exp();
            (self.loss_of(&f, &applied, a, b), rows - a)
        })
    }

    /// Evaluates the kernel, once for all later calls.
    pub(crate) fn evaluated(mut self) -> Result<Self> {
        self.kernel = evaluate(self.kernel)?;
        Ok(self)
    }

    /// Returns an error if a tensor has another number of atoms than the geometry.
    fn fitting(&self, f: &Tensor, a: &Tensor, b: &Tensor) -> Result<()> {
        let (n, m) = self.shape;
        for (name, tensor, atoms) in [("f", f, n), ("a", a, n), ("b", b, m)] {
            if tensor.shape().last() != Some(&atoms) {
                let expected = format!("[.., {atoms}], as many atoms as the geometry has");
                return Err(Error::Shape {
                    name,
                    found: tensor.shape().to_vec(),
                    expected,
                    at: Source::here(),
                });
            }
        }
        Ok(())
    }

    /// `f` with -inf at atoms without mass, if these are masked.
    fn present(&self, f: &Tensor, a: &Tensor) -> Tensor {
        match self.zero_weights {
            ZeroWeights::Masked => mask(f, a, f64::NEG_INFINITY),
            ZeroWeights::AsOtt => f.clone(),
        }
    }

    /// The optimal `g`; `applied` is the kernel applied to `f`.
    fn other_potential(&self, applied: &Tensor, b: &Tensor) -> Tensor {
        let g = b.log() * &self.kernel.epsilon - applied;
        match self.zero_weights {
            ZeroWeights::Masked => g,
            ZeroWeights::AsOtt => finite_or(&g, 0.0),
        }
    }

    /// The loss; `applied` is the kernel applied to `f`.
    fn loss_of(&self, f: &Tensor, applied: &Tensor, a: &Tensor, b: &Tensor) -> Tensor {
        // 0 · inf and 0 · log 0 are 0 here; b (g − ε log b) is −b · applied.
        let entropy = mask(a, a, 1.0).log() * self.epsilon;
        let rows = mask(a, a, 0.0) * (mask(f, a, 0.0) - entropy);
        let columns = b * mask(applied, b, 0.0);
        let dual = rows.sum([-1]) - columns.sum([-1]);
        match self.zero_weights {
            ZeroWeights::Masked => {
                // With the optimal g, P has the mass of b.
                let mass = b.sum([-1]);
                -(dual + (a.sum([-1]) * &mass - mass) * self.epsilon)
            }
            ZeroWeights::AsOtt => {
                let g = self.other_potential(applied, b);
                let mass = ((g + applied) / &self.kernel.epsilon).exp().sum([-1]);
                let masses = a.sum([-1]) * b.sum([-1]) - mass;
                -(dual + masses * self.epsilon)
            }
        }
    }
}
