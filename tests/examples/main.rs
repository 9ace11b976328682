//! The examples as a user runs them.

mod case;
mod input;
mod meta_ot_refusals;
mod meta_ot_runs;

use case::Example;

const META_OT: Example = Example("meta_ot");
