//! The geometry of an arbitrary cost, given as a matrix.

use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::{Tensor, with_caller};

use crate::error::Result;
use crate::geometry::axis_cost::AxisCost;
use crate::geometry::epsilon::{Epsilon, Schedule};

/// A cost given as a matrix (OTT's `Geometry(cost_matrix)`).
///
/// ```
/// use metamlp_ot::{CostMatrix, Epsilon, Geometry, Statistic};
/// use metamlp_tensor::Tensor;
/// let cost = Tensor::from_vec([3, 3], vec![0.0, 1.0, 4.0, 1.0, 0.0, 1.0, 4.0, 1.0, 0.0]);
/// let epsilon = Epsilon::new(0.1).relative_to(Statistic::Mean);
/// let geometry = Geometry::from(CostMatrix::new(&cost, epsilon)?);
/// assert!((geometry.epsilon() - 0.1 * 12.0 / 9.0).abs() < 1e-12);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CostMatrix {
    axes: Arc<[AxisCost; 1]>,
    schedule: Schedule,
}

impl CostMatrix {
    /// Takes the cost `C_ij`, `[n, m]`, of `f32` or `f64`. An infinite cost forbids the pair.
    ///
    /// # Errors
    /// If `cost` is not a matrix of floats or has a NaN, or if ε is not above 0.
    #[track_caller]
    pub fn new(cost: &Tensor, epsilon: impl Into<Epsilon>) -> Result<Self> {
        with_caller(Location::caller(), || {
            let axis = AxisCost::new("the cost matrix", cost.clone())?;
            let schedule = epsilon.into().resolve(axis.mean, axis.variance.sqrt(), cost.dtype())?;
            Ok(Self { axes: Arc::new([axis]), schedule })
        })
    }

    /// The cost, `[n, m]`.
    #[must_use]
    pub fn cost(&self) -> &Tensor {
        let [axis] = &*self.axes;
        &axis.cost
    }

    pub(crate) fn axes(&self) -> &[AxisCost] {
        &*self.axes
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
