//! The geometry of a product of axes, such as pixels: the cost is a sum over
//! axes, so an `n × n` matrix is never formed.

use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::{DType, F64, Source, Tensor, evaluate, with_caller};

use crate::checks::{is_computed, refused};
use crate::error::{Error, Result, setting};
use crate::geometry::axis_cost::AxisCost;
use crate::geometry::epsilon::{Epsilon, Schedule};

/// The product of axes as both sets of points, under the squared Euclidean
/// distance (OTT's `Grid`). Points are in row-major order.
///
/// For `n` points on `d` axes of one size, Sinkhorn takes `n^(1 + 1/d)`
/// operations per iteration instead of `n²` (Solomon et al. 2015, section 5).
/// A relative ε uses the statistics of the whole cost, which follow from those
/// of the axes. OTT's default ε is larger here: its formula omits a square.
///
/// ```
/// use metamlp_ot::{Epsilon, Geometry, Grid};
/// use metamlp_tensor::F32;
/// let pixels = Geometry::from(Grid::from_size([28, 28], F32, 1e-2)?);
/// assert_eq!(pixels.shape(), (784, 784));
/// assert!(pixels.cost_matrix().is_err());
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    coordinates: Vec<Tensor>,
    axes: Arc<[AxisCost]>,
    schedule: Schedule,
}

/// The most points of an axis of [`Grid::from_size`].
const MOST_POINTS: usize = 1 << 16;

impl Grid {
    /// Axes with these numbers of points, evenly spaced from 0 to 1.
    ///
    /// # Errors
    /// Those of [`new`](Grid::new).
    #[track_caller]
    pub fn from_size(size: impl AsRef<[usize]>, dtype: DType, epsilon: impl Into<Epsilon>) -> Result<Self> {
        with_caller(Location::caller(), || {
            if !is_computed(dtype) {
                return Err(Error::NotFloat { name: "the grid", found: dtype, at: Source::here() });
            }
            if let Some(&most) = size.as_ref().iter().find(|&&points| points > MOST_POINTS) {
                let expected = "at most 65536, as the cost of an axis is a matrix";
                return Err(setting("the points of an axis of the grid", most as f64, expected));
            }
            let coordinates: Vec<Tensor> =
                size.as_ref().iter().map(|&points| evenly_spaced(points, dtype)).collect();
            Self::new(&coordinates, epsilon)
        })
    }

    /// Axes with these coordinates, each of shape `[points]`, of `f32` or `f64`.
    ///
    /// # Errors
    /// If there is no axis, an axis has no points, a coordinate is not finite,
    /// or ε is not above 0.
    #[track_caller]
    pub fn new(coordinates: &[Tensor], epsilon: impl Into<Epsilon>) -> Result<Self> {
        with_caller(Location::caller(), || {
            let Some(dtype) = coordinates.iter().map(Tensor::dtype).reduce(DType::promote) else {
                return Err(setting("the number of the grid's axes", 0, "at least 1"));
            };
            let points = coordinates.iter().fold(1_usize, |n, axis| n.saturating_mul(axis.size()));
            if let Some(error) = Tensor::spec([points], F64).error() {
                return Err(error.clone().into());
            }
            let mut axes = Vec::with_capacity(coordinates.len());
            for coordinates in coordinates {
                let name = "an axis of the grid";
                if coordinates.rank() != 1 || coordinates.size() == 0 {
                    let expected = "[points], at least one point".to_owned();
                    return Err(Error::Shape {
                        name,
                        found: coordinates.shape().to_vec(),
                        expected,
                        at: Source::here(),
                    });
                }
                if !is_computed(coordinates.dtype()) {
                    return Err(Error::NotFloat { name, found: coordinates.dtype(), at: Source::here() });
                }
                if !coordinates.is_finite().all_all().item::<bool>()? {
                    return Err(refused(name, coordinates, "a finite coordinate", |value| {
                        !value.is_finite()
                    }));
                }
                let coordinates = coordinates.convert(dtype);
                let cost = evaluate((coordinates.expand_dims(1) - &coordinates).square())?;
                if !cost.is_finite().all_all().item::<bool>()? {
                    let expected = "a finite number: the points are too far apart for their dtype";
                    let name = "the squared distance along an axis";
                    return Err(refused(name, &cost, expected, |value| !value.is_finite()));
                }
                axes.push(AxisCost::new(name, cost)?);
            }
            // The axes are independent: means and variances add.
            let mean = axes.iter().map(|axis| axis.mean).sum();
            let variance: f64 = axes.iter().map(|axis| axis.variance).sum();
            let schedule = epsilon.into().resolve(mean, variance.sqrt(), dtype)?;
            let coordinates = coordinates.iter().map(|axis| axis.convert(dtype)).collect();
            Ok(Self { coordinates, axes: axes.into(), schedule })
        })
    }

    /// The number of points along each axis.
    #[must_use]
    pub fn grid_size(&self) -> Vec<usize> {
        self.coordinates.iter().map(Tensor::size).collect()
    }

    /// Each axis's coordinates, `[points]`.
    #[must_use]
    pub fn coordinates(&self) -> &[Tensor] {
        &self.coordinates
    }

    /// All points, `[n, axes]`, in row-major order.
    #[track_caller]
    #[must_use]
    pub fn points(&self) -> Tensor {
        with_caller(Location::caller(), || {
            let size = self.grid_size();
            let n: usize = size.iter().product();
            let columns: Vec<Tensor> = self
                .coordinates
                .iter()
                .enumerate()
                .map(|(axis, coordinates)| {
                    let mut along = vec![1; size.len()];
                    along[axis] = size[axis];
                    coordinates.reshape(along).broadcast_to(&size).reshape([n, 1])
                })
                .collect();
            Tensor::concatenate(&columns, 1)
        })
    }

    pub(crate) fn axes(&self) -> &[AxisCost] {
        &self.axes
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

/// Coordinates from 0 to 1; a single point is at 0.
fn evenly_spaced(points: usize, dtype: DType) -> Tensor {
    let steps = points.saturating_sub(1).max(1) as f64;
    Tensor::from_vec([points], (0..points).map(|i| i as f64 / steps).collect::<Vec<f64>>()).convert(dtype)
}
