//! The behaviour of the crate, one file per topic. Reference numbers are those of
//! OTT-JAX in double precision unless a test says otherwise.

mod bad_input;
#[allow(dead_code, reason = "each hunt uses a part of the choices")]
#[path = "../../../tests/public_api/choices.rs"]
mod choices;
mod convergence;
mod dual_objective;
mod epsilon;
mod error_lines;
mod gaussian;
mod grid;
mod hunt;
#[path = "../../../tests/public_api/hunt.rs"]
mod hunt_for_panics;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod meta_mlp;
mod meta_update;
#[path = "../../../tests/public_api/functions.rs"]
mod public_functions;
mod sinkhorn;
mod support;
mod zero_weights;
