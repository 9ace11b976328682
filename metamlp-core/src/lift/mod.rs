//! Flax's lifted transforms: functions that change how a module, with all that
//! is below it, sees its variables and streams. They know modules by their
//! scopes alone, and put a module in no other place: its path stays.

mod map_variables;

pub use map_variables::{MapVariables, map_variables};
