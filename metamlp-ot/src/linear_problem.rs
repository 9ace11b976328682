//! The linear transport problem: a geometry and the weights of its atoms.

use std::panic::Location;

use metamlp_tensor::{F32, F64, Source, Tensor, evaluate, with_caller};

use crate::checks::{check_sums, check_weights, is_computed};
use crate::error::{Error, Result};
use crate::geometry::Geometry;

/// Transport of the distribution `a` on the `n` rows of a geometry to the
/// distribution `b` on its `m` columns (OTT's `LinearProblem`, balanced).
///
/// ```
/// use metamlp_ot::{Grid, LinearProblem};
/// use metamlp_tensor::{F32, Tensor};
/// let grid = Grid::from_size([3], F32, 0.1)?;
/// let a = Tensor::from_vec([3], vec![0.5f32, 0.5, 0.0]);
/// let problem = LinearProblem::new(grid, a, None)?;
/// assert_eq!(problem.b().to_vec::<f32>()?, [1.0 / 3.0; 3]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinearProblem {
    geometry: Geometry,
    a: Tensor,
    b: Tensor,
}

impl LinearProblem {
    /// Takes weights `a`, `[n]`, and `b`, `[m]`, or a batch of each, `[batch, n]`
    /// and `[batch, m]`. `None` is the uniform distribution. They are converted
    /// to the geometry's dtype.
    ///
    /// # Errors
    /// If the weights do not fit the geometry or each other, if one is negative or
    /// NaN, if their sum differs from 1 by more than 1e-3, or if the sums of `a` and `b` differ by more than
    /// rounding: no plan has such marginals. [`normalized`](LinearProblem::normalized) divides by the sums.
    #[track_caller]
    pub fn new(
        geometry: impl Into<Geometry>,
        a: impl Into<Option<Tensor>>,
        b: impl Into<Option<Tensor>>,
    ) -> Result<Self> {
        with_caller(Location::caller(), || {
            let geometry = geometry.into();
            let (n, m) = geometry.shape();
            let dtype = geometry.dtype();
            let mut narrowest = dtype;
            let mut weights = |name, given: Option<Tensor>, atoms: usize| -> Result<_> {
                let Some(weights) = given else {
                    return Ok((Tensor::full([atoms], 1.0 / atoms as f64, dtype), vec![1.0]));
                };
                let sums = check_weights(name, &weights, atoms)?;
                if weights.dtype() == F32 {
                    narrowest = F32;
                }
                Ok((weights.convert(dtype), sums))
            };
            let ((a, sums_a), (b, sums_b)) = (weights("a", a.into(), n)?, weights("b", b.into(), m)?);
            if sums_a.len() == sums_b.len() || sums_a.len() == 1 || sums_b.len() == 1 {
                check_sums(&sums_a, &sums_b, narrowest, n.max(m))?;
            }
            let (a, b) = match (a.rank(), b.rank()) {
                (2, 1) => {
                    let b = b.broadcast_to([a.shape()[0], m]);
                    (a, b)
                }
                (1, 2) => (a.broadcast_to([b.shape()[0], n]), b),
                _ => (a, b),
            };
            if a.rank() == 2 && a.shape()[0] != b.shape()[0] {
                let expected = format!("[{}, {m}]: as many problems as in a", a.shape()[0]);
                return Err(Error::Shape {
                    name: "b",
                    found: b.shape().to_vec(),
                    expected,
                    at: Source::here(),
                });
            }
            Ok(Self { geometry, a, b })
        })
    }

    /// As [`new`](LinearProblem::new), with the weights of each distribution divided by their sum, which may be any
    /// number above 0.
    ///
    /// ```
    /// use metamlp_ot::{Grid, LinearProblem};
    /// use metamlp_tensor::{F64, Tensor};
    /// let counts = Tensor::from_vec([3], vec![2.0, 5.0, 1.0]);
    /// let problem = LinearProblem::normalized(Grid::from_size([3], F64, 0.1)?, counts, None)?;
    /// assert_eq!(problem.a().to_vec::<f64>()?, [0.25, 0.625, 0.125]);
    /// # Ok::<(), metamlp_ot::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the weights do not fit the geometry or each other, if one is negative or NaN, or if a sum is not a number
    /// above 0.
    #[track_caller]
    pub fn normalized(
        geometry: impl Into<Geometry>,
        a: impl Into<Option<Tensor>>,
        b: impl Into<Option<Tensor>>,
    ) -> Result<Self> {
        with_caller(Location::caller(), || {
            let divided = |weights: Option<Tensor>| -> Result<Option<Tensor>> {
                let Some(weights) = weights else { return Ok(None) };
                if weights.rank() == 0 || !is_computed(weights.dtype()) {
                    return Ok(Some(weights));
                }
                let wide = weights.convert(F64);
                let sum = wide.sum_keepdims([-1]);
                let is_usable = sum.is_finite().and(sum.greater(0.0));
                // What cannot be divided is refused as it is.
                Ok(Some(evaluate(is_usable.select(&wide / &sum, &wide))?))
            };
            Self::new(geometry, divided(a.into())?, divided(b.into())?)
        })
    }

    /// The geometry.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The weights on the rows, `[n]` or `[batch, n]`.
    #[must_use]
    pub fn a(&self) -> &Tensor {
        &self.a
    }

    /// The weights on the columns, `[m]` or `[batch, m]`.
    #[must_use]
    pub fn b(&self) -> &Tensor {
        &self.b
    }

    /// The number of problems in a batch; `None` for a single problem.
    #[must_use]
    pub fn batch(&self) -> Option<usize> {
        (self.a.rank() == 2).then(|| self.a.shape()[0])
    }

    /// Problem `i` of a batch.
    pub(crate) fn single(&self, i: usize) -> Self {
        Self { geometry: self.geometry.clone(), a: self.a.index(i), b: self.b.index(i) }
    }
}
