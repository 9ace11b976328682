//! Optimal transport for metamlp: geometries, Sinkhorn and learned initializers.
//!
//! Entropic optimal transport moves a distribution `a` on `n` atoms to `b` on `m`
//! atoms at the lowest cost with entropic regularisation ε. [`Sinkhorn`] (Cuturi
//! 2013) computes two dual potentials by fixed-point iterations. Problems over one
//! [`Geometry`] are often similar: a [`MetaInitializer`] learns to predict their
//! potentials (Amos, Luise, Cohen and Redko 2023, *Meta Optimal Transport*), and
//! Sinkhorn converges in fewer iterations from there.
//!
//! `geometry` has the costs and the Sinkhorn operators, `sinkhorn` the solver,
//! `initializers` the first potentials, `meta` the learned ones.
//!
//! ```
//! use metamlp_core::Key;
//! use metamlp_ot::{Grid, LinearProblem, MetaInitializer, Sinkhorn};
//! use metamlp_tensor::{F32, Tensor};
//!
//! // Distributions on the pixels of an image, and the cost between pixels.
//! let grid = Grid::from_size([4, 4], F32, 1e-2)?;
//! let uniform = Tensor::full([16], 1.0 / 16.0, F32);
//! let corner = Tensor::arange(16, F32).equal(0.0).convert(F32) * 0.5 + &uniform * 0.5;
//!
//! // Train on pairs of distributions.
//! let mut meta = MetaInitializer::new(grid.clone(), Key::new(0))?;
//! for _ in 0..3 {
//!     let (loss, _potentials) = meta.update(&corner, &uniform)?;
//!     assert!(loss.item::<f32>()?.is_finite());
//! }
//!
//! // Solve a problem from the prediction.
//! let problem = LinearProblem::new(grid, corner, uniform)?;
//! let output = Sinkhorn::new().solve_with(&problem, &meta)?;
//! assert!(output.converged());
//! println!("{} after {} iterations", output.reg_ot_cost()?, output.n_iters());
//! # Ok::<(), metamlp_ot::Error>(())
//! ```
//!
//! # Coming from OTT-JAX
//!
//! Formulas, defaults and numbers are OTT's, in `f32` and in `f64`. Problems are
//! balanced. The differences:
//!
//! | OTT | here | difference |
//! |---|---|---|
//! | `Geometry(cost_matrix)` | [`CostMatrix`] | [`Geometry`] is an enum of all three geometries |
//! | `PointCloud`, `SqEuclidean` | [`PointCloud`] | computes costs from differences, without cancellation |
//! | `Grid` | [`Grid`] | correct default ε; works with Gaussian and learned initializers; has a primal cost |
//! | `Epsilon`, `relative_epsilon` | [`Epsilon`] | one type for both |
//! | `axis=0`, `axis=1` | [`Over::Rows`], [`Over::Columns`] | |
//! | `apply_lse_kernel(f, g, eps, axis)` | [`Geometry::apply_lse_kernel`] | takes only the potential that it sums over |
//! | `LinearProblem` | [`LinearProblem`] | checks the weights and that their sums are equal |
//! | `Sinkhorn`, `n_iters` | [`Sinkhorn`], [`SinkhornOutput::n_iters`] | counts the iterations that ran, at most `max_iterations`, and always computes the last error |
//! | `solver(prob, init=(f, g))` | [`Sinkhorn::solve_from`] | leaves out atoms without mass |
//! | `vmap` of a solver | [`Sinkhorn::solve_batch`] | each problem stops when it has converged |
//! | `progress_fn` | [`Sinkhorn::steps`] | an iterator |
//! | `Momentum` | [`Momentum`] | with it, convergence needs both marginals |
//! | `DefaultInitializer`, `GaussianInitializer` | [`DefaultInitializer`], [`GaussianInitializer`] | the second one accepts singular covariances |
//! | `init_fu`, `__call__` of an initializer | [`SinkhornInitializer::potential`], [`duals`](SinkhornInitializer::duals), [`scalings`](SinkhornInitializer::scalings) | |
//! | `MetaMLP` | [`MetaMLP`] | accepts batches |
//! | `MetaInitializer` | [`MetaInitializer`] | [`update`](MetaInitializer::update) updates in place, [`updated`](MetaInitializer::updated) is OTT's; the loss leaves out atoms without mass; works over every kind of geometry |
//! | loss of `MetaInitializer` | [`DualObjective`] | closed-form gradient; [`ZeroWeights::AsOtt`] gives OTT's values |
//! | low rank, unbalanced, Anderson, other costs | | not available |

extern crate metamlp_core as metamlp;

mod checks;
mod error;
mod geometry;
mod initializers;
mod linear_problem;
mod meta;
mod sinkhorn;
mod statistic;

pub use error::{Error, Result};
pub use geometry::{CostMatrix, Epsilon, Geometry, Grid, Over, PointCloud};
pub use initializers::{DefaultInitializer, GaussianInitializer, SinkhornInitializer};
pub use linear_problem::LinearProblem;
pub use meta::{
    DualObjective, MetaInitializer, MetaInitializerBuilder, MetaMLP, PotentialModel, ZeroWeights,
};
pub use sinkhorn::{Momentum, Sinkhorn, SinkhornOutput, Step, Steps};
pub use statistic::Statistic;
