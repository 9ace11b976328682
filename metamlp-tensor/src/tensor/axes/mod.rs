//! Methods that move elements along axes and compute nothing with them: reshaping, slicing, indexing, sorting.

mod indexing;
mod rearrange;
mod sort;

pub use self::indexing::OutOfRange;
