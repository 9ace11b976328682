//! Reductions over whole axes, over the part of an axis before each element, and over moving windows.

mod cumulative;
mod reduce;
mod reduce_window;

pub use self::reduce_window::Window;
