//! Into and out of tensors: construction, reading, printing, `ndarray`.

mod construct;
mod format;
mod ndarray;
mod read;
