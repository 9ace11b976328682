//! Layers: what Flax's own tests ask of them, a file for each family, and what
//! they refuse.

mod any_input;
mod attention;
mod bad_input;
mod convolution;
mod dropout;
mod half_precision;
mod linear;
mod norms;
mod pooling;
mod recurrent;
mod support;
mod wrapped_norms;
