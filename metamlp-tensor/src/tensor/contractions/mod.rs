//! Sums of products: matrix products, convolutions, einsum.

mod convolution;
mod einsum;
mod product;

pub use self::convolution::Convolution;
