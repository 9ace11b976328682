//! The behaviour of the crate, a file for each topic. Reference numbers are
//! those of OTT-JAX in double precision where nothing else is said.

mod bad_input;
mod dual_objective;
mod epsilon;
mod gaussian;
mod grid;
mod meta_mlp;
mod meta_update;
mod sinkhorn;
mod support;
mod zero_weights;
