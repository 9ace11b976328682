//! Flax's lifted transforms: functions that change which variables and random
//! streams a module and the modules below it see. The path of the module stays
//! the same.

mod map_variables;

pub use map_variables::{MapVariables, map_variables};
