//! Convolutional layers. Channels come last.

mod conv;
mod conv_local;
mod conv_transpose;
mod padding;
mod spatial;

pub use conv::Conv;
pub use conv_local::ConvLocal;
pub use conv_transpose::ConvTranspose;
pub use padding::ConvPadding;
