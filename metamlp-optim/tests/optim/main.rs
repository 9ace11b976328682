//! The behaviour of optimizers, schedules, losses and metrics: one file per topic.

mod error_lines;
#[path = "../../../tests/public_api/functions.rs"]
mod functions;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod losses;
mod metrics;
mod optimizers;
mod schedules;
