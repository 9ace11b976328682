//! The examples, run as a user runs them.

mod case;
mod digits;
mod input;
mod meta_ot_refusals;
mod meta_ot_runs;
mod results;
mod transformer_char;

use case::Example;

const META_OT: Example = Example("meta_ot");
const TRANSFORMER_CHAR: Example = Example("transformer_char");
