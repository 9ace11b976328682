//! The example `meta_ot` as a user runs it.

mod case;
mod input;
mod refusals;
mod runs;
