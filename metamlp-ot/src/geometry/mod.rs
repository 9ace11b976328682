//! Geometries: ground costs, the regularisation ε, and the Sinkhorn operators,
//! which are the same for every kind of geometry. Knows no weights and no solver.

pub(crate) mod axis_cost;
mod cost_matrix;
mod epsilon;
mod grid;
pub(crate) mod kernel;
pub(crate) mod masking;
mod over;
mod point_cloud;

pub use cost_matrix::CostMatrix;
pub use epsilon::Epsilon;
pub use grid::Grid;
pub use over::Over;
pub use point_cloud::PointCloud;

use std::panic::Location;

use metamlp_tensor::{DType, F64, Source, Tensor, with_caller};

use crate::error::{Error, Result};
use axis_cost::AxisCost;
use epsilon::Schedule;
use kernel::{LogKernel, ScalingKernel};
use masking::{finite_or, positive_or_one};

/// The relative difference of two costs that are equal up to the rounding of `f32`.
const ROUNDING: f64 = 1e-5;

/// A cost between `n` and `m` atoms, and ε.
///
/// Potentials are `f`, `[.., n]`, and `g`, `[.., m]`; leading axes are a batch
/// of problems over one cost. Scalings are `u = exp(f/ε)` and `v = exp(g/ε)`.
/// An atom without mass has the potential -inf and the scaling 0.
///
/// The operators are lazy: arguments of a wrong shape give poisoned tensors.
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
    /// An arbitrary cost, given as a matrix.
    CostMatrix(CostMatrix),
    /// Squared Euclidean distances between two sets of points.
    PointCloud(PointCloud),
    /// Squared Euclidean distances on a product of axes.
    Grid(Grid),
}

impl Geometry {
    /// The numbers of atoms `(n, m)`.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        let extents = |axis: usize| self.axes().iter().map(|cost| cost.cost.shape()[axis]).product();
        (extents(0), extents(1))
    }

    /// The dtype of the cost. Potentials and plans are computed in it.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.axes()[0].cost.dtype()
    }

    /// The final ε of the schedule.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        self.schedule().target
    }

    /// The ε of iteration `k`, counted from 0.
    #[must_use]
    pub fn epsilon_at(&self, k: usize) -> f64 {
        self.schedule().at(k)
    }

    /// The cost matrix `C`, `[n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a grid, which never forms it.
    #[track_caller]
    pub fn cost_matrix(&self) -> Result<Tensor> {
        with_caller(Location::caller(), || match self {
            Self::CostMatrix(geometry) => Ok(geometry.cost().clone()),
            Self::PointCloud(geometry) => Ok(geometry.cost().clone()),
            Self::Grid(_) => Err(self.no_matrix("cost matrix")),
        })
    }

    /// The kernel `K = exp(−C/ε)`, `[n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a grid.
    #[track_caller]
    pub fn kernel_matrix(&self) -> Result<Tensor> {
        with_caller(Location::caller(), || Ok((-(self.cost_matrix()? / self.epsilon())).exp()))
    }

    /// The atoms `x`, `[n, d]`, and `y`, `[m, d]`, if the cost is their squared
    /// Euclidean distance; `None` for a [`CostMatrix`].
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

    /// Returns `ε · log Σ_i exp((x_i − C_ij) / ε)` for a potential `x`.
    ///
    /// OTT's operator of this name takes both potentials and subtracts the other
    /// one again. This one gives the same values, and is finite where the other
    /// potential is -inf.
    #[track_caller]
    #[must_use]
    pub fn apply_lse_kernel(&self, x: &Tensor, epsilon: f64, over: Over) -> Tensor {
        with_caller(Location::caller(), || match self.fitting("the potential", x, over) {
            Ok(x) => LogKernel::new(self.axes(), epsilon).log_sum_exp(&x, over),
            Err(error) => self.poisoned(error, over),
        })
    }

    /// Returns `Σ_i x_i exp(−C_ij / ε)` for a scaling `x`. Underflows where `C ≫ ε`.
    #[track_caller]
    #[must_use]
    pub fn apply_kernel(&self, x: &Tensor, epsilon: f64, over: Over) -> Tensor {
        with_caller(Location::caller(), || match self.fitting("the scaling", x, over) {
            Ok(x) => ScalingKernel::new(self.axes(), epsilon).apply(&x, over),
            Err(error) => self.poisoned(error, over),
        })
    }

    /// Half a Sinkhorn iteration (Cuturi 2013) in the log domain: the potential
    /// that, with the other potential `x`, gives the marginal `exp(log_weights)`:
    /// `ε log w − ε log Σ_i exp((x_i − C_ij) / ε)`.
    #[track_caller]
    #[must_use]
    pub fn update_potential(&self, x: &Tensor, log_weights: &Tensor, epsilon: f64, over: Over) -> Tensor {
        with_caller(Location::caller(), || {
            log_weights * epsilon - finite_or(&self.apply_lse_kernel(x, epsilon, over), 0.0)
        })
    }

    /// The scaling that, with the other scaling `x`, gives the marginal `weights`.
    #[track_caller]
    #[must_use]
    pub fn update_scaling(&self, x: &Tensor, weights: &Tensor, epsilon: f64, over: Over) -> Tensor {
        with_caller(Location::caller(), || weights / positive_or_one(&self.apply_kernel(x, epsilon, over)))
    }

    /// A marginal of the plan `P_ij = exp((f_i + g_j − C_ij) / ε)`: its sums over
    /// the rows, `[.., m]`, or over the columns, `[.., n]`.
    #[track_caller]
    #[must_use]
    pub fn marginal_from_potentials(&self, f: &Tensor, g: &Tensor, over: Over) -> Tensor {
        with_caller(Location::caller(), || {
            let (summed, kept) = match over {
                Over::Rows => (f, g),
                Over::Columns => (g, f),
            };
            ((kept + self.apply_lse_kernel(summed, self.epsilon(), over)) / self.epsilon()).exp()
        })
    }

    /// A marginal of the plan `P_ij = u_i K_ij v_j`: its sums over the rows,
    /// `[.., m]`, or over the columns, `[.., n]`.
    #[track_caller]
    #[must_use]
    pub fn marginal_from_scalings(&self, u: &Tensor, v: &Tensor, over: Over) -> Tensor {
        with_caller(Location::caller(), || {
            let (summed, kept) = match over {
                Over::Rows => (u, v),
                Over::Columns => (v, u),
            };
            kept * self.apply_kernel(summed, self.epsilon(), over)
        })
    }

    /// The plan `P_ij = exp((f_i + g_j − C_ij) / ε)`, `[.., n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a grid.
    #[track_caller]
    pub fn transport_from_potentials(&self, f: &Tensor, g: &Tensor) -> Result<Tensor> {
        with_caller(Location::caller(), || {
            let cost = self.cost_matrix().map_err(|_| self.no_matrix("transport matrix"))?;
            Ok(((f.expand_dims(-1) + g.expand_dims(-2) - cost) / self.epsilon()).exp())
        })
    }

    /// The plan `P_ij = u_i K_ij v_j`, `[.., n, m]`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a grid.
    #[track_caller]
    pub fn transport_from_scalings(&self, u: &Tensor, v: &Tensor) -> Result<Tensor> {
        with_caller(Location::caller(), || {
            let kernel = self.kernel_matrix().map_err(|_| self.no_matrix("transport matrix"))?;
            Ok(u.expand_dims(-1) * kernel * v.expand_dims(-2))
        })
    }

    /// Applies the plan to `x` without forming it: `Σ_i P_ij x_i` over the rows,
    /// `[.., n]` to `[.., m]`, or `Σ_j P_ij x_j` over the columns. Elements of `x`
    /// may be negative.
    #[track_caller]
    #[must_use]
    pub fn apply_transport_from_potentials(&self, f: &Tensor, g: &Tensor, x: &Tensor, over: Over) -> Tensor {
        with_caller(Location::caller(), || {
            let (summed, kept) = match over {
                Over::Rows => (f, g),
                Over::Columns => (g, f),
            };
            // In the log domain the positive and the negative part are separate.
            let part = |x: Tensor| {
                let with_x = summed + x.log() * self.epsilon();
                ((kept + self.apply_lse_kernel(&with_x, self.epsilon(), over)) / self.epsilon()).exp()
            };
            part(x.maximum(0.0)) - part((-x).maximum(0.0))
        })
    }

    /// Returns `exp(f/ε)`; 0 where `f` is not finite.
    #[track_caller]
    #[must_use]
    pub fn scaling_from_potential(&self, potential: &Tensor) -> Tensor {
        with_caller(Location::caller(), || {
            potential.is_finite().select((potential / self.epsilon()).exp(), 0.0)
        })
    }

    /// Returns `ε log u`; -inf where `u` is 0.
    #[track_caller]
    #[must_use]
    pub fn potential_from_scaling(&self, scaling: &Tensor) -> Tensor {
        with_caller(Location::caller(), || scaling.log() * self.epsilon())
    }

    /// The costs along the axes, at least one.
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

    /// True if both have equal costs and ε, to within the rounding of `f32`.
    pub(crate) fn is_like(&self, other: &Self) -> Result<bool> {
        let are_close = |x: f64, y: f64| (x - y).abs() <= ROUNDING * x.abs().max(y.abs());
        if !are_close(self.epsilon(), other.epsilon()) || self.axes().len() != other.axes().len() {
            return Ok(false);
        }
        if std::ptr::eq(self.axes(), other.axes()) {
            return Ok(true);
        }
        for (own, other) in self.axes().iter().zip(other.axes()) {
            if own.cost.shape() != other.cost.shape() {
                return Ok(false);
            }
            let (x, y) = (own.cost.convert(F64), other.cost.convert(F64));
            // Forbidden pairs have an infinite cost.
            let most = finite_or(&x, 0.0).abs().max_all() * ROUNDING;
            let is_close = x.equal(&y).or((x - y).abs().less_equal(most));
            if !is_close.all_all().item::<bool>()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The type, the size and ε, for messages.
    pub(crate) fn summary(&self) -> String {
        let (n, m) = self.shape();
        let largest = self.axes().iter().map(|axis| axis.max).sum::<f64>();
        format!(
            "a {} of {n} x {m} atoms with costs up to {largest:.3e} and epsilon {}",
            self.kind(),
            self.epsilon()
        )
    }

    /// The name of the geometry's type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::CostMatrix(_) => "CostMatrix",
            Self::PointCloud(_) => "PointCloud",
            Self::Grid(_) => "Grid",
        }
    }

    /// The error of a geometry that never forms the matrix `what`.
    pub(crate) fn no_matrix(&self, what: &'static str) -> Error {
        let instead = "a matrix of all its pairs of points is never formed; use the marginals, `apply` and the \
                       costs, or a PointCloud";
        Error::Unsupported { geometry: self.kind(), what, instead, at: Source::here() }
    }

    /// Returns `x` in the geometry's dtype, if its last axis fits.
    fn fitting(&self, name: &'static str, x: &Tensor, over: Over) -> Result<Tensor> {
        let (n, m) = self.shape();
        let needed = if over == Over::Rows { n } else { m };
        if x.shape().last() == Some(&needed) {
            return Ok(x.convert(self.dtype()));
        }
        Err(Error::Shape {
            name,
            found: x.shape().to_vec(),
            expected: format!("[.., {needed}]"),
            at: Source::here(),
        })
    }

    /// The result of an operator whose argument does not fit.
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
