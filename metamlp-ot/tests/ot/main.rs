//! The behaviour of the crate, one file per topic. Reference numbers are those of
//! OTT-JAX in double precision unless a test says otherwise.

mod bad_input;
mod convergence;
mod dual_objective;
mod epsilon;
mod error_lines;
#[path = "../../../tests/public_api/functions.rs"]
mod functions;
mod gaussian;
mod grid;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod meta_mlp;
mod meta_update;
mod sinkhorn;
mod support;
mod zero_weights;
