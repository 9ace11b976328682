//! Linear layers: dense, over any axes, by an Einstein sum, and embeddings.

mod dense;
mod dense_general;
mod einsum;
mod embed;

pub use dense::Dense;
pub use dense_general::DenseGeneral;
pub use einsum::Einsum;
pub use embed::Embed;
