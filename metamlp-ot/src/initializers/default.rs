//! Zero potentials.

use metamlp_tensor::Tensor;

use crate::error::Result;
use crate::initializers::SinkhornInitializer;
use crate::linear_problem::LinearProblem;

/// Starts from zero potentials, which are scalings of 1 (OTT's `DefaultInitializer`).
///
/// ```
/// use metamlp_ot::{DefaultInitializer, Grid, LinearProblem, SinkhornInitializer};
/// use metamlp_tensor::F32;
/// let problem = LinearProblem::new(Grid::from_size([2], F32, 0.1)?, None, None)?;
/// assert_eq!(DefaultInitializer.potential(&problem)?.to_vec::<f32>()?, [0.0, 0.0]);
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultInitializer;

impl SinkhornInitializer for DefaultInitializer {
    fn potential(&self, problem: &LinearProblem) -> Result<Tensor> {
        Ok(problem.a().zeros_like())
    }
}
