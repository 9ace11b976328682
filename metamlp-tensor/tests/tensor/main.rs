//! The behaviour of tensors, gradients, `jit` and random numbers, one file for each topic.

mod births;
mod compile_work;
mod convolution;
mod einsum;
mod error_lines;
mod gradients;
mod half_precision;
mod hunt;
mod indexing;
mod jit;
mod laziness;
#[path = "../../../tests/public_api/lines.rs"]
mod lines;
mod numbers;
mod plan;
#[path = "../../../tests/public_api/functions.rs"]
mod public_functions;
mod random;
mod reduce_window;
mod sizes;
mod transposed;
