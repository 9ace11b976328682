//! The behaviour of the whole: the programs of the README and the guide, the examples, the macros' messages.

mod examples;
mod guide_errors;
mod init_runs_no_forward;
mod meta_ot_displacement;
mod plan_shapes;
mod seed_model;
mod transformer_char_model;
mod ui;
