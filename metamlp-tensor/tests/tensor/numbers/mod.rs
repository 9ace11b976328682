//! Numbers as JAX has them: dtypes, ranges and special values.

mod beside_tensors;
mod gradients;
