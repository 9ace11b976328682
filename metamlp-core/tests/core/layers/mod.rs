//! Layers: the cases of Flax's own tests, one file per family, and errors.

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
