//! Meta Optimal Transport: the learned initializer, its network, its loss and its
//! training.

mod builder;
mod dual_objective;
mod initializer;
mod meta_mlp;
mod potential_model;
mod step;

pub use builder::MetaInitializerBuilder;
pub use dual_objective::{DualObjective, ZeroWeights};
pub use initializer::MetaInitializer;
pub use meta_mlp::MetaMLP;
pub use potential_model::PotentialModel;
