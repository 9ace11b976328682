//! The behaviour of tensors, gradients, `jit` and random numbers, one file for each topic.

mod births;
mod compile_work;
mod convolution;
mod einsum;
mod gradients;
mod half_precision;
mod hunt;
mod indexing;
mod jit;
mod laziness;
mod numbers;
mod plan;
mod random;
mod reduce_window;
mod sizes;
mod transposed;
