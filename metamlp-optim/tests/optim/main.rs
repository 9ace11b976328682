//! The behaviour of optimizers, schedules, losses and metrics: one file per topic.

mod losses;
mod metrics;
mod optimizers;
mod schedules;
