//! Between what mass is moved, at what cost and with what regularisation; and
//! the operators of Sinkhorn, which are the same for every kind of geometry.

use metamlp_tensor::{DType, F64, Tensor};

use crate::axis_cost::AxisCost;
use crate::cost_matrix::CostMatrix;
use crate::epsilon::Schedule;
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::kernel::{LogKernel, ScalingKernel};
use crate::point_cloud::PointCloud;

/// A cost between `n` and `m` atoms, and ε.
///
/// Potentials are `f`, `[.., n]`, and `g`, `[.., m]`: leading axes are a batch
/// of problems over one cost. Scalings are `u = exp(f/ε)` and `v = exp(g/ε)`.
/// An atom without mass has the potential -inf and the scaling 0.
///
/// The operators are lazy: arguments that don't fit give poisoned tensors.
///
/// ```
/// use metamlp_ot::{CostMatrix, Geometry, Over};
/// use metamlp_tensor::Tensor;
/// let cost = Tensor::from_vec([2, 2], vec![0.0, 1.0, 1.0, 0.0]);
/// let geometry = Geometry::from(CostMatrix::new(&cost, 0.5)?);
/// let f = Tensor::from_vec([2], vec![0.25, -0.25]);
/// let soft_minimum = geometry.apply_lse_kernel(&f, geometry.epsilon(), Over::Rows);
/// assert_eq!(soft_minimum.shape(), [2]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Geometry {
    /// Any cost.
    CostMatrix(CostMatrix),
    /// Squared Euclidean distances between points.
    PointCloud(PointCloud),
    /// Squared Euclidean distances on a product of axes.
    Grid(Grid),
}

/// What an operator sums over (OTT's `axis`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// The `n` rows, OTT's axis 0: `[.., n]` to `[.., m]`.
    Rows,
    /// The `m` columns, OTT's axis 1: `[.., m]` to `[.., n]`.
    Columns,
}

impl Over {
    /// The axis of a cost matrix that is summed over.
    pub(crate) fn axis(self) -> usize {
        match self {
            Self::Rows => 0,
            Self::Columns => 1,
        }
    }
}

impl Geometry {
    /// `(n, m)`.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        let extents = |axis: usize| self.axes().iter().map(|cost| cost.cost.shape()[axis]).product();
        (extents(0), extents(1))
    }

    /// The dtype of the cost, in which everything is computed.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.axes().first().map_or(F64, |axis| axis.cost.dtype())
    }

    /// ε, which a schedule falls to.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        self.schedule().target
    }

    /// ε at iteration `k`, counted from 0.
    #[must_use]
    pub fn epsilon_at(&self, k: usize) -> f64 {
        self.schedule().at(k)
    }

    /// The cost, `[n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] of a grid, which never forms it.
    pub fn cost_matrix(&self) -> Result<Tensor> {
        match self {
            Self::CostMatrix(geometry) => Ok(geometry.cost().clone()),
            Self::PointCloud(geometry) => Ok(geometry.cost().clone()),
            Self::Grid(_) => Err(self.no_matrix("cost matrix")),
        }
    }

    /// `K = exp(−C/ε)`, `[n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] of a grid.
    pub fn kernel_matrix(&self) -> Result<Tensor> {
        Ok((-(self.cost_matrix()? / self.epsilon())).exp())
    }

    /// The atoms `x`, `[n, d]`, and `y`, `[m, d]`, if they lie in a space
    /// whose squared Euclidean distance is the cost.
    #[must_use]
    pub fn points(&self) -> Option<(Tensor, Tensor)> {
        match self {
            Self::CostMatrix(_) => None,
            Self::PointCloud(geometry) => Some((geometry.x().clone(), geometry.y().clone())),
            Self::Grid(geometry) => {
                let points = geometry.points();
                Some((points.clone(), points))
            }
        }
    }

    /// `ε · log Σ_i exp((x_i − C_ij) / ε)` of a potential `x`.
    ///
    /// OTT's operator of this name takes both potentials and subtracts one
    /// again; what is left is the same, and finite where that one is -inf.
    #[must_use]
    pub fn apply_lse_kernel(&self, x: &Tensor, epsilon: f64, over: Over) -> Tensor {
        match self.fitting("the potential", x, over) {
            Ok(x) => LogKernel::new(self.axes(), epsilon).log_sum_exp(&x, over),
            Err(error) => self.poisoned(error, over),
        }
    }

    /// `Σ_i x_i exp(−C_ij / ε)` of a scaling `x`. Underflows where C ≫ ε.
    #[must_use]
    pub fn apply_kernel(&self, x: &Tensor, epsilon: f64, over: Over) -> Tensor {
        match self.fitting("the scaling", x, over) {
            Ok(x) => ScalingKernel::new(self.axes(), epsilon).apply(&x, over),
            Err(error) => self.poisoned(error, over),
        }
    }

    /// The potential with the marginal `exp(log_weights)`, given the other one
    /// (half an iteration of Sinkhorn, Cuturi 2013, in the log domain):
    /// `ε log w − ε log Σ_i exp((x_i − C_ij) / ε)`.
    #[must_use]
    pub fn update_potential(&self, x: &Tensor, log_weights: &Tensor, epsilon: f64, over: Over) -> Tensor {
        log_weights * epsilon - finite_or(&self.apply_lse_kernel(x, epsilon, over), 0.0)
    }

    /// The scaling with the marginal `weights`, given the other one.
    #[must_use]
    pub fn update_scaling(&self, x: &Tensor, weights: &Tensor, epsilon: f64, over: Over) -> Tensor {
        weights / positive_or_one(&self.apply_kernel(x, epsilon, over))
    }

    /// A marginal of `P_ij = exp((f_i + g_j − C_ij) / ε)`: its sums over the
    /// rows, `[.., m]`, or over the columns, `[.., n]`.
    #[must_use]
    pub fn marginal_from_potentials(&self, f: &Tensor, g: &Tensor, over: Over) -> Tensor {
        let (summed, kept) = match over {
            Over::Rows => (f, g),
            Over::Columns => (g, f),
        };
        ((kept + self.apply_lse_kernel(summed, self.epsilon(), over)) / self.epsilon()).exp()
    }

    /// A marginal of `P_ij = u_i K_ij v_j`.
    #[must_use]
    pub fn marginal_from_scalings(&self, u: &Tensor, v: &Tensor, over: Over) -> Tensor {
        let (summed, kept) = match over {
            Over::Rows => (u, v),
            Over::Columns => (v, u),
        };
        kept * self.apply_kernel(summed, self.epsilon(), over)
    }

    /// `P_ij = exp((f_i + g_j − C_ij) / ε)`, `[.., n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] of a grid.
    pub fn transport_from_potentials(&self, f: &Tensor, g: &Tensor) -> Result<Tensor> {
        let cost = self.cost_matrix().map_err(|_| self.no_matrix("transport matrix"))?;
        Ok(((f.expand_dims(-1) + g.expand_dims(-2) - cost) / self.epsilon()).exp())
    }

    /// `P_ij = u_i K_ij v_j`, `[.., n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] of a grid.
    pub fn transport_from_scalings(&self, u: &Tensor, v: &Tensor) -> Result<Tensor> {
        let kernel = self.kernel_matrix().map_err(|_| self.no_matrix("transport matrix"))?;
        Ok(u.expand_dims(-1) * kernel * v.expand_dims(-2))
    }

    /// `Σ_i P_ij x_i` over the rows, `[.., n]` to `[.., m]`, or `Σ_j P_ij x_j`
    /// over the columns, without forming `P`. `x` may have either sign.
    #[must_use]
    pub fn apply_transport_from_potentials(&self, f: &Tensor, g: &Tensor, x: &Tensor, over: Over) -> Tensor {
        let (summed, kept) = match over {
            Over::Rows => (f, g),
            Over::Columns => (g, f),
        };
        // The positive and the negative part each have a logarithm.
        let part = |x: Tensor| {
            let with_x = summed + x.log() * self.epsilon();
            ((kept + self.apply_lse_kernel(&with_x, self.epsilon(), over)) / self.epsilon()).exp()
        };
        part(x.maximum(0.0)) - part((-x).maximum(0.0))
    }

    /// `exp(f/ε)`; 0 where `f` is not finite.
    #[must_use]
    pub fn scaling_from_potential(&self, potential: &Tensor) -> Tensor {
        potential.is_finite().select((potential / self.epsilon()).exp(), 0.0)
    }

    /// `ε log u`; -inf where `u` is 0.
    #[must_use]
    pub fn potential_from_scaling(&self, scaling: &Tensor) -> Tensor {
        scaling.log() * self.epsilon()
    }

    pub(crate) fn axes(&self) -> &[AxisCost] {
        match self {
            Self::CostMatrix(geometry) => geometry.axes(),
            Self::PointCloud(geometry) => geometry.axes(),
            Self::Grid(geometry) => geometry.axes(),
        }
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        match self {
            Self::CostMatrix(geometry) => geometry.schedule(),
            Self::PointCloud(geometry) => geometry.schedule(),
            Self::Grid(geometry) => geometry.schedule(),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::CostMatrix(_) => "CostMatrix",
            Self::PointCloud(_) => "PointCloud",
            Self::Grid(_) => "Grid",
        }
    }

    pub(crate) fn no_matrix(&self, what: &'static str) -> Error {
        let instead =
            "it would take the square of its points; use marginals, apply and the costs, or a PointCloud";
        Error::Unsupported { geometry: self.kind(), what, instead }
    }

    /// `x` in the geometry's dtype, if it can be summed over.
    fn fitting(&self, name: &'static str, x: &Tensor, over: Over) -> Result<Tensor> {
        let (n, m) = self.shape();
        let needed = if over == Over::Rows { n } else { m };
        if x.shape().last() == Some(&needed) {
            return Ok(x.convert(self.dtype()));
        }
        Err(Error::Shape { name, found: x.shape().to_vec(), expected: format!("[.., {needed}]") })
    }

    fn poisoned(&self, error: Error, over: Over) -> Tensor {
        let (n, m) = self.shape();
        let left = if over == Over::Rows { m } else { n };
        Tensor::poison(error.into(), [left], self.dtype())
    }
}

impl From<CostMatrix> for Geometry {
    fn from(geometry: CostMatrix) -> Self {
        Self::CostMatrix(geometry)
    }
}

impl From<PointCloud> for Geometry {
    fn from(geometry: PointCloud) -> Self {
        Self::PointCloud(geometry)
    }
}

impl From<Grid> for Geometry {
    fn from(geometry: Grid) -> Self {
        Self::Grid(geometry)
    }
}

impl From<&Geometry> for Geometry {
    fn from(geometry: &Geometry) -> Self {
        geometry.clone()
    }
}

/// `x` where it is finite.
pub(crate) fn finite_or(x: &Tensor, otherwise: f64) -> Tensor {
    x.is_finite().select(x, otherwise)
}

/// A denominator: `x` where it is positive, 1 elsewhere.
pub(crate) fn positive_or_one(x: &Tensor) -> Tensor {
    x.greater(0.0).select(x, 1.0)
}
