//! Optimal transport for metamlp: geometries, Sinkhorn and learned initializers.
//!
//! Entropic optimal transport moves a distribution `a` on `n` atoms to `b` on
//! `m` atoms at the least cost, blurred by ε. [`Sinkhorn`] (Cuturi 2013) finds
//! it through two dual potentials, iteration by iteration. Many problems over
//! one [`Geometry`] are alike: a [`MetaInitializer`] learns to predict their
//! potentials (Amos, Luise, Cohen and Redko 2023, *Meta Optimal Transport*),
//! and Sinkhorn that starts there ends sooner.
//!
//! ```
//! use metamlp_core::Key;
//! use metamlp_ot::{Grid, LinearProblem, MetaInitializer, Sinkhorn};
//! use metamlp_tensor::{F32, Tensor};
//!
//! // Distributions on the pixels of an image, and how far apart those are.
//! let grid = Grid::from_size([4, 4], F32, 1e-2)?;
//! let uniform = Tensor::full([16], 1.0 / 16.0, F32);
//! let corner = Tensor::arange(16, F32).equal(0.0).convert(F32) * 0.5 + &uniform * 0.5;
//!
//! // Learn from pairs of distributions ..
//! let mut meta = MetaInitializer::new(grid.clone(), Key::new(0))?;
//! for _ in 0..3 {
//!     let (loss, _potentials) = meta.update(&corner, &uniform)?;
//!     assert!(loss.item::<f32>()?.is_finite());
//! }
//!
//! // .. and solve.
//! let problem = LinearProblem::new(grid, corner, uniform)?;
//! let output = Sinkhorn::new().solve_with(&problem, &meta)?;
//! assert!(output.converged());
//! println!("{} after {} iterations", output.reg_ot_cost()?, output.n_iters());
//! # Ok::<(), metamlp_ot::Error>(())
//! ```
//!
//! # For those who know OTT-JAX
//!
//! Formulas, defaults and numbers are OTT's, in `f32` and in `f64`. Problems
//! are balanced. What has another name, or does another thing:
//!
//! | OTT | here | what differs, and why |
//! |---|---|---|
//! | `Geometry(cost_matrix)` | [`CostMatrix`] | [`Geometry`] is the enum of all three |
//! | `PointCloud`, `SqEuclidean` | [`PointCloud`] | costs from differences, which do not cancel |
//! | `Grid` | [`Grid`] | correct default ε; takes the Gaussian and learned starts; has its primal cost |
//! | `Epsilon`, `relative_epsilon` | [`Epsilon`] | one type for both |
//! | `axis=0`, `axis=1` | [`Over::Rows`], [`Over::Columns`] | |
//! | `apply_lse_kernel(f, g, eps, axis)` | [`Geometry::apply_lse_kernel`] | takes only the potential that is summed over |
//! | `LinearProblem` | [`LinearProblem`] | checks the weights |
//! | `Sinkhorn`, `n_iters` | [`Sinkhorn`], [`SinkhornOutput::n_iters`] | counts what ran, never above `max_iterations`, and always has a last error |
//! | `solver(prob, init=(f, g))` | [`Sinkhorn::solve_from`] | leaves atoms without mass out |
//! | `vmap` of a solver | [`Sinkhorn::solve_batch`] | each problem ends by itself |
//! | `progress_fn` | [`Sinkhorn::steps`] | an iterator |
//! | `Momentum` | [`Momentum`] | |
//! | `DefaultInitializer`, `GaussianInitializer` | [`DefaultInitializer`], [`GaussianInitializer`] | the latter survives singular covariances |
//! | `init_fu`, `__call__` of an initializer | [`SinkhornInitializer::potential`], [`duals`](SinkhornInitializer::duals), [`scalings`](SinkhornInitializer::scalings) | |
//! | `MetaMLP` | [`MetaMLP`] | takes batches |
//! | `MetaInitializer` | [`MetaInitializer`] | [`update`](MetaInitializer::update) changes it, [`updated`](MetaInitializer::updated) is OTT's; loss without the atoms that have no mass; any geometry |
//! | loss of `MetaInitializer` | [`DualObjective`] | closed-form gradient; OTT's own under [`ZeroWeights::AsOtt`] |
//! | low rank, unbalanced, Anderson, other costs | | not there |

extern crate metamlp_core as metamlp;

mod axis_cost;
mod cost_matrix;
mod dual_objective;
mod epsilon;
mod error;
mod geometry;
mod grid;
mod initializers;
mod iteration;
mod kernel;
mod linear_problem;
mod meta_mlp;
mod momentum;
mod point_cloud;
mod run;
mod sinkhorn;
mod sinkhorn_output;
mod steps;
mod values;

pub use cost_matrix::CostMatrix;
pub use dual_objective::{DualObjective, ZeroWeights};
pub use epsilon::{Epsilon, Statistic};
pub use error::{Error, Result};
pub use geometry::{Geometry, Over};
pub use grid::Grid;
pub use initializers::{
    DefaultInitializer, GaussianInitializer, MetaInitializer, MetaInitializerBuilder, PotentialModel,
    SinkhornInitializer,
};
pub use linear_problem::LinearProblem;
pub use meta_mlp::MetaMLP;
pub use momentum::Momentum;
pub use point_cloud::PointCloud;
pub use sinkhorn::Sinkhorn;
pub use sinkhorn_output::SinkhornOutput;
pub use steps::{Step, Steps};
