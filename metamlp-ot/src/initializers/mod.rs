//! Initializers: the first potentials of Sinkhorn. The learned one is in `meta`.

mod default;
mod gaussian;

pub use default::DefaultInitializer;
pub use gaussian::GaussianInitializer;

use std::panic::Location;

use metamlp_tensor::{Tensor, evaluate, with_caller};

use crate::error::Result;
use crate::geometry::masking::mask;
use crate::linear_problem::LinearProblem;

/// Computes the first potentials of Sinkhorn (OTT's class of this name).
///
/// Only the potential on the rows is required. The one on the columns is zero:
/// Sinkhorn recomputes it from the first one before using it.
///
/// ```
/// use metamlp_ot::{DefaultInitializer, Grid, LinearProblem, SinkhornInitializer};
/// use metamlp_tensor::{F64, Tensor};
/// let a = Tensor::from_vec([3], vec![0.5, 0.0, 0.5]);
/// let problem = LinearProblem::new(Grid::from_size([3], F64, 0.1)?, a, None)?;
/// let (f, _g) = DefaultInitializer.duals(&problem)?;
/// assert_eq!(f.to_vec::<f64>()?, [0.0, f64::NEG_INFINITY, 0.0]);
/// let (u, _v) = DefaultInitializer.scalings(&problem)?;
/// assert_eq!(u.to_vec::<f64>()?, [1.0, 0.0, 1.0]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
pub trait SinkhornInitializer {
    /// The potential on the rows, in the shape of `problem.a()`. Its values at atoms
    /// without mass are ignored.
    ///
    /// # Errors
    /// If the initializer does not support the problem.
    #[track_caller]
    fn potential(&self, problem: &LinearProblem) -> Result<Tensor>;

    /// The first potentials `(f, g)`: -inf at atoms without mass.
    ///
    /// # Errors
    /// Those of [`potential`](SinkhornInitializer::potential).
    #[track_caller]
    fn duals(&self, problem: &LinearProblem) -> Result<(Tensor, Tensor)> {
        let f = self.potential(problem)?;
        with_caller(Location::caller(), || {
            let f = mask(&f.convert(problem.a().dtype()), problem.a(), f64::NEG_INFINITY);
            let g = mask(&problem.b().zeros_like(), problem.b(), f64::NEG_INFINITY);
            Ok(evaluate((f, g))?)
        })
    }

    /// The first scalings `(u, v)` of kernel mode: `exp(f/ε)` and `exp(g/ε)`, 0 at
    /// atoms without mass.
    ///
    /// # Errors
    /// Those of [`potential`](SinkhornInitializer::potential).
    #[track_caller]
    fn scalings(&self, problem: &LinearProblem) -> Result<(Tensor, Tensor)> {
        let (f, g) = self.duals(problem)?;
        with_caller(Location::caller(), || {
            let geometry = problem.geometry();
            Ok(evaluate((geometry.scaling_from_potential(&f), geometry.scaling_from_potential(&g)))?)
        })
    }
}
