//! Optimal transport for metamlp: geometries, Sinkhorn and learned initializers.

extern crate metamlp_core as metamlp;

mod axis_cost;
mod cost_matrix;
mod epsilon;
mod error;
mod geometry;
mod grid;
mod initializers;
mod iteration;
mod kernel;
mod linear_problem;
mod momentum;
mod point_cloud;
mod run;
mod sinkhorn;
mod sinkhorn_output;
mod steps;
mod values;

pub use cost_matrix::CostMatrix;
pub use epsilon::{Epsilon, Statistic};
pub use error::{Error, Result};
pub use geometry::{Geometry, Over};
pub use grid::Grid;
pub use initializers::{DefaultInitializer, GaussianInitializer, SinkhornInitializer};
pub use linear_problem::LinearProblem;
pub use momentum::Momentum;
pub use point_cloud::PointCloud;
pub use sinkhorn::Sinkhorn;
pub use sinkhorn_output::SinkhornOutput;
pub use steps::{Step, Steps};
