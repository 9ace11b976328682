//! The behaviour of optimizers, schedules, losses and metrics: one file per topic.

#[allow(dead_code, reason = "each hunt uses a part of the choices")]
#[path = "../../../tests/public_api/choices.rs"]
mod choices;
mod error_lines;
mod hunt;
#[path = "../../../tests/public_api/hunt.rs"]
mod hunt_for_panics;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod losses;
mod metrics;
mod optimizers;
#[path = "../../../tests/public_api/functions.rs"]
mod public_functions;
mod schedules;
