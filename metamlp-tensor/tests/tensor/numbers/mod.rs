//! Numbers as JAX has them: dtypes, ranges and special values.

mod beside_tensors;
mod dtypes;
mod flags_and_extrema;
mod gradients;
mod half_reductions;
mod indices;
