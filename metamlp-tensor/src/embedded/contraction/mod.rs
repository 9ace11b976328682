//! Matrix products and convolutions, and the fused kernels that run on their blocks.

pub(crate) mod attention;
pub(crate) mod convolution;
pub(crate) mod epilogue;
pub(crate) mod factors;
pub(crate) mod integer_product;
pub(crate) mod kernel;
pub(crate) mod matrices;
pub(crate) mod product;
