//! The cost along one axis of a geometry with its statistics. A dense geometry
//! has one axis, a grid has several.

use metamlp_tensor::{F64, Source, Tensor, evaluate};

use crate::checks::{is_computed, refused};
use crate::error::{Error, Result};

/// A cost matrix `[n, m]` and its statistics.
#[derive(Clone, Debug)]
pub(crate) struct AxisCost {
    pub(crate) cost: Tensor,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl AxisCost {
    /// Checks `cost` and computes its statistics; errors call the matrix `name`.
    pub(crate) fn new(name: &'static str, cost: Tensor) -> Result<Self> {
        let &[n, m] = cost.shape() else {
            let expected = "a matrix, [n, m]".to_owned();
            return Err(Error::Shape { name, found: cost.shape().to_vec(), expected, at: Source::here() });
        };
        if !is_computed(cost.dtype()) {
            return Err(Error::NotFloat { name, found: cost.dtype(), at: Source::here() });
        }
        if n == 0 || m == 0 {
            let expected = "at least one row and one column".to_owned();
            return Err(Error::Shape { name, found: vec![n, m], expected, at: Source::here() });
        }
        let wide = cost.convert(F64);
        let statistics = [wide.min_all(), wide.max_all(), wide.mean_all(), wide.var_all()];
        let (cost, [min, max, mean, variance]) = evaluate((cost, statistics))?;
        let [min, max, mean, variance] = [min.item::<f64>()?, max.item()?, mean.item()?, variance.item()?];
        if min.is_nan() || min == f64::NEG_INFINITY {
            let expected = "a number (infinity forbids a pair)";
            return Err(refused(name, &cost, expected, |value| value.is_nan() || value == f64::NEG_INFINITY));
        }
        Ok(Self { cost, min, max, mean, variance })
    }
}
