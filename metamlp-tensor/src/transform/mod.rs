//! Transformations of functions over tensors: gradients and compiled functions, and the boundary at which lazy
//! values are computed.

pub(crate) mod boundary;
pub(crate) mod cost;
pub(crate) mod grad;
pub(crate) mod jit;
pub(crate) mod structure;
pub(crate) mod vjp;
