//! Into and out of tensors: construction, reading, printing, `ndarray`.

mod construct;
mod format;
mod ndarray;
mod one_hot;
mod read;
