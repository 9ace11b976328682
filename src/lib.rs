//! Flax Linen's way of writing neural networks, in Rust.
