//! Where Sinkhorn starts.

mod default;
mod gaussian;
mod meta;
mod meta_builder;
mod meta_step;
mod potential_model;

pub use default::DefaultInitializer;
pub use gaussian::GaussianInitializer;
pub use meta::MetaInitializer;
pub use meta_builder::MetaInitializerBuilder;
pub use potential_model::PotentialModel;

use metamlp_tensor::{Tensor, evaluate};

use crate::error::Result;
use crate::linear_problem::LinearProblem;

/// A rule that gives Sinkhorn its first potentials (OTT's class of this name).
///
/// Only the potential on the rows has to be given. The one on the columns is
/// zero, and plain Sinkhorn recomputes it from the first before it is used.
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
    /// A potential on the rows, in the shape of `problem.a()`, for atoms with
    /// and without mass.
    ///
    /// # Errors
    /// If there is none for such a problem.
    fn potential(&self, problem: &LinearProblem) -> Result<Tensor>;

    /// The potentials `(f, g)` to start from: -inf at atoms without mass.
    ///
    /// # Errors
    /// If there are none for such a problem.
    fn duals(&self, problem: &LinearProblem) -> Result<(Tensor, Tensor)> {
        let f = self.potential(problem)?.convert(problem.a().dtype());
        let f = mask(&f, problem.a(), f64::NEG_INFINITY);
        let g = mask(&problem.b().zeros_like(), problem.b(), f64::NEG_INFINITY);
        Ok(evaluate((f, g))?)
    }

    /// The same as scalings `(u, v)`, for kernel mode: `exp(f/ε)`, 0 at atoms
    /// without mass.
    ///
    /// # Errors
    /// If there are none for such a problem.
    fn scalings(&self, problem: &LinearProblem) -> Result<(Tensor, Tensor)> {
        let (f, g) = self.duals(problem)?;
        let geometry = problem.geometry();
        Ok(evaluate((geometry.scaling_from_potential(&f), geometry.scaling_from_potential(&g)))?)
    }
}

/// `x` where there is mass.
pub(crate) fn mask(x: &Tensor, weights: &Tensor, otherwise: f64) -> Tensor {
    weights.greater(0.0).select(x, otherwise)
}
