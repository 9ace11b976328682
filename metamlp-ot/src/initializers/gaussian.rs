//! Potentials from means and covariances: optimal transport between Gaussians has
//! a closed form.

use std::panic::Location;

use metamlp_tensor::{F64, Source, Tensor, evaluate, with_caller};
use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::{Error, Result};
use crate::initializers::SinkhornInitializer;
use crate::linear_problem::LinearProblem;

/// Starts from the optimal potential between two Gaussians that have the means and
/// covariances of the weighted points (Thornton and Cuturi 2022; OTT's
/// `GaussianInitializer`, which takes point clouds only).
///
/// With `A = Σa^-½ (Σa^½ Σb Σa^½)^½ Σa^-½`, the matrix of the optimal map,
///
/// ```text
/// f(x) = |x|² − (x − m_a)ᵀ A (x − m_a) − 2 x·m_b
/// ```
///
/// minus its mean over the atoms. Covariances are unbiased,
/// `Σ w (x − m)(x − m)ᵀ / (1 − Σw²)`. If `Σa` is singular, `Σa^-½` is the root of
/// its pseudo-inverse: a direction in which `a` has no variance is ignored.
///
/// ```
/// use metamlp_ot::{GaussianInitializer, Grid, LinearProblem, Sinkhorn};
/// use metamlp_tensor::{F64, Tensor};
/// let grid = Grid::from_size([4], F64, 0.05)?;
/// let a = Tensor::from_vec([4], vec![0.4, 0.3, 0.2, 0.1]);
/// let problem = LinearProblem::new(grid, a, None)?;
/// let solver = Sinkhorn::new().inner_iterations(1);
/// let zeros = solver.solve(&problem)?;
/// let gaussian = solver.solve_with(&problem, &GaussianInitializer)?;
/// assert!(gaussian.n_iters() < zeros.n_iters());
/// # Ok::<(), metamlp_ot::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GaussianInitializer;

/// Variances below this fraction of the largest one count as 0.
const SINGULAR: f64 = 1e-10;

impl SinkhornInitializer for GaussianInitializer {
    #[track_caller]
    fn potential(&self, problem: &LinearProblem) -> Result<Tensor> {
        with_caller(Location::caller(), || {
            let geometry = problem.geometry();
            let Some((x, y)) = geometry.points() else {
                return Err(Error::Unsupported {
                    geometry: geometry.kind(),
                    what: "points, which the Gaussian initializer needs",
                    instead: "use a PointCloud or a Grid, or another initializer",
                    at: Source::here(),
                });
            };
            // A single problem is a batch of one. In f64: the moments are small.
            let (n, m) = geometry.shape();
            let batch = problem.batch().unwrap_or(1);
            let (x, y) = (x.convert(F64), y.convert(F64));
            let (mean_a, covariance_a) = moments(&x, &problem.a().convert(F64).reshape([batch, n]));
            let (mean_b, covariance_b) = moments(&y, &problem.b().convert(F64).reshape([batch, m]));
            let (covariance_a, covariance_b) = evaluate((covariance_a, covariance_b))?;
            let map = optimal_maps(&covariance_a, &covariance_b)?;

            let centred = x.expand_dims(0) - mean_a.expand_dims(1);
            let stretched = (centred.matmul(&map) * &centred).sum([-1]);
            let shifted = mean_b.matmul(&x.t());
            let f = x.square().sum([-1]) - stretched - shifted * 2.0;
            let f = &f - f.mean_keepdims([-1]);
            Ok(f.reshape(problem.a().shape()).convert(geometry.dtype()))
        })
    }
}

/// Means `[batch, d]` and covariances `[batch, d, d]` of points `[n, d]` under
/// weights `[batch, n]`.
fn moments(x: &Tensor, weights: &Tensor) -> (Tensor, Tensor) {
    let weights = weights / weights.sum_keepdims([-1]);
    let mean = weights.matmul(x);
    let centred = x.expand_dims(0) - mean.expand_dims(1);
    let weighted = &centred * weights.expand_dims(-1);
    let spread = weighted.dot_general(&centred, (&[1], &[1]), (&[0], &[0]));
    // With all weight on one atom the correction would divide by 0.
    let freedom = 1.0 - weights.square().sum_keepdims([-1]);
    let freedom = freedom.greater(f64::EPSILON).select(&freedom, 1.0);
    (mean, spread / freedom.expand_dims(-1))
}

/// The matrices `Σa^-½ (Σa^½ Σb Σa^½)^½ Σa^-½`, `[batch, d, d]`.
fn optimal_maps(covariance_a: &Tensor, covariance_b: &Tensor) -> Result<Tensor> {
    let d = covariance_a.shape()[1];
    let (a, b) = (covariance_a.to_vec::<f64>()?, covariance_b.to_vec::<f64>()?);
    let mut maps = Vec::with_capacity(a.len());
    for (a, b) in a.chunks_exact(d * d).zip(b.chunks_exact(d * d)) {
        // They are symmetric, so row-major and column-major are the same.
        let (a, b) = (DMatrix::from_column_slice(d, d, a), DMatrix::from_column_slice(d, d, b));
        let root = power(&a, f64::sqrt);
        let inverse_root = power(&a, |variance| variance.sqrt().recip());
        let between = power(&(&root * b * &root), f64::sqrt);
        maps.extend_from_slice((&inverse_root * between * &inverse_root).as_slice());
    }
    Ok(Tensor::from_vec(covariance_a.shape(), maps))
}

/// Applies `function` to the eigenvalues of a symmetric matrix; eigenvalues that count
/// as 0 stay 0.
fn power(matrix: &DMatrix<f64>, function: impl Fn(f64) -> f64) -> DMatrix<f64> {
    let mut eigen = SymmetricEigen::new(matrix.clone());
    let least = eigen.eigenvalues.amax() * SINGULAR;
    eigen.eigenvalues.apply(|value| *value = if *value > least { function(*value) } else { 0.0 });
    eigen.recompose()
}
