//! The linear transport problem: a geometry and the weights of its atoms.

use std::panic::Location;

use metamlp_tensor::{Source, Tensor, with_caller};

use crate::checks::check_weights;
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
    /// NaN, or if their sum differs from 1 by more than 1e-3.
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
            let weights = |name, given: Option<Tensor>, atoms: usize| match given {
                Some(weights) => check_weights(name, &weights, atoms).map(|()| weights.convert(dtype)),
                None => Ok(Tensor::full([atoms], 1.0 / atoms as f64, dtype)),
            };
            let (a, b) = (weights("a", a.into(), n)?, weights("b", b.into(), m)?);
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
