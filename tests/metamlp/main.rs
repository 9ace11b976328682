//! Tests of the whole workspace: programs of the README and the guide, examples, the
//! macros' messages, and the rules of the house.

mod examples;
mod guide_errors;
mod house;
mod init_runs_no_forward;
mod meta_ot_displacement;
mod plan_shapes;
mod seed_model;
mod transformer_char_model;
mod ui;
