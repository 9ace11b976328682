//! The geometry of two sets of points under the squared Euclidean distance.

use std::panic::Location;

use metamlp_tensor::{Source, Tensor, evaluate, with_caller};

use crate::checks::{is_computed, refused};
use crate::error::{Error, Result};
use crate::geometry::axis_cost::AxisCost;
use crate::geometry::cost_matrix::CostMatrix;
use crate::geometry::epsilon::{Epsilon, Schedule};

/// Two sets of points; the cost is `C_ij = |x_i − y_j|²` (OTT's `PointCloud`
/// with `SqEuclidean`; there is no factor ½).
///
/// ```
/// use metamlp_ot::{Geometry, PointCloud};
/// use metamlp_tensor::Tensor;
/// let x = Tensor::from_vec([2, 1], vec![0.0f32, 3.0]);
/// let y = Tensor::from_vec([1, 1], vec![1.0f32]);
/// let geometry = Geometry::from(PointCloud::new(&x, &y, 0.1)?);
/// assert_eq!(geometry.cost_matrix()?.to_vec::<f32>()?, [1.0, 4.0]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PointCloud {
    x: Tensor,
    y: Tensor,
    cost: CostMatrix,
}

impl PointCloud {
    /// Points `x`, `[n, d]`, and `y`, `[m, d]`, of `f32` or `f64`.
    ///
    /// # Errors
    /// If the points differ in their number of coordinates, a coordinate is not
    /// finite, a squared distance is not a number of their dtype, or ε is not above 0.
    #[track_caller]
    pub fn new(x: &Tensor, y: &Tensor, epsilon: impl Into<Epsilon>) -> Result<Self> {
        with_caller(Location::caller(), || {
            let dtype = x.dtype().promote(y.dtype());
            for (name, points) in [("the points x", x), ("the points y", y)] {
                if points.rank() != 2 || points.size() == 0 {
                    let expected = "[points, coordinates], at least one of each".to_owned();
                    return Err(Error::Shape {
                        name,
                        found: points.shape().to_vec(),
                        expected,
                        at: Source::here(),
                    });
                }
                if !is_computed(points.dtype()) {
                    return Err(Error::NotFloat { name, found: points.dtype(), at: Source::here() });
                }
                if !points.is_finite().all_all().item::<bool>()? {
                    return Err(refused(name, points, "a finite coordinate", |value| !value.is_finite()));
                }
            }
            if x.shape()[1] != y.shape()[1] {
                return Err(Error::Dimensions { x: x.shape()[1], y: y.shape()[1], at: Source::here() });
            }
            let (x, y) = (x.convert(dtype), y.convert(dtype));
            // From the differences: |x|² + |y|² − 2xy cancels where points are close.
            let cost = evaluate((x.expand_dims(1) - &y).square().sum([-1]))?;
            if !cost.is_finite().all_all().item::<bool>()? {
                let expected = "a finite number: the points are too far apart for their dtype";
                return Err(refused("the squared distance", &cost, expected, |value| !value.is_finite()));
            }
            let cost = CostMatrix::new(&cost, epsilon)?;
            Ok(Self { x, y, cost })
        })
    }

    /// The first points, `[n, d]`.
    #[must_use]
    pub fn x(&self) -> &Tensor {
        &self.x
    }

    /// The second points, `[m, d]`.
    #[must_use]
    pub fn y(&self) -> &Tensor {
        &self.y
    }

    /// `|x_i − y_j|²`, `[n, m]`.
    #[must_use]
    pub fn cost(&self) -> &Tensor {
        self.cost.cost()
    }

    pub(crate) fn axes(&self) -> &[AxisCost] {
        self.cost.axes()
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        self.cost.schedule()
    }
}
