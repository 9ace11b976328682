//! The behaviour of modules, layers, checkpoints and training: one file per topic.

mod activations;
mod bind;
mod capture;
mod checkpoint;
#[allow(dead_code, reason = "each hunt uses a part of the choices")]
#[path = "../../../tests/public_api/choices.rs"]
mod choices;
mod compact_name_scope;
mod data;
mod deep_maps;
mod ended_scope;
mod error_lines;
mod errors;
mod eval_shape;
mod functions;
mod hunt;
#[path = "../../../tests/public_api/hunt.rs"]
mod hunt_for_panics;
mod init_apply;
mod init_runs_no_forward_pass;
mod initializers;
mod interceptors;
mod invoke;
mod layers;
mod linen;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod map_variables;
mod metrics;
mod mutable_names;
mod naming;
#[path = "../../../tests/public_api/functions.rs"]
mod public_functions;
mod sequential;
mod share_scope;
mod streams;
mod summary;
mod threads;
mod train_state;
