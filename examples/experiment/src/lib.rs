//! What surrounds the model in the examples, and is the same in all of them:
//! the digits that they train on, pictures with text, a folder in which results
//! appear whole, the command line, a progress bar, Ctrl-C.
//!
//! No library of metamlp uses this crate, and it is not published.

mod arguments;
mod canvas;
mod digits;
mod error;
mod idx;
mod interrupt;
mod output;
mod progress;
mod terminal;

pub use arguments::{between, parse};
pub use canvas::{Area, Canvas, DrawingError, FONT, INK, tile, write};
pub use digits::Digits;
pub use error::{Error, Result};
pub use idx::{Images, Labels, PIXELS, SIDE};
pub use interrupt::Interrupt;
pub use output::Output;
pub use progress::Progress;
pub use terminal::{exit_code, print};
