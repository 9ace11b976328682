//! The parts that all examples share: the digits, pictures with text, the folder of
//! results, the command line, a progress bar, Ctrl-C.
//!
//! No library of metamlp uses this crate, and it is not published.

mod arguments;
mod canvas;
mod digits;
mod error;
mod idx;
mod interrupt;
mod output;
mod program;
mod progress;
mod terminal;

pub use arguments::between;
pub use canvas::{Area, Canvas, DrawingError, FONT, INK, tile, write};
pub use digits::Digits;
pub use error::{Error, Result};
pub use idx::{Images, Labels, PIXELS, SIDE};
pub use interrupt::Interrupt;
pub use output::Output;
pub use program::run;
pub use progress::Progress;
pub use terminal::print;
