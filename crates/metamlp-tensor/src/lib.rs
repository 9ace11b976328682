//! Lazy tensors on ndarray: ops, random numbers, gradients, jit and the embedded executor of metamlp.

pub mod math;
pub mod random;
