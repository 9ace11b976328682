//! Linear layers: `Dense`, `DenseGeneral`, `Einsum`, `Embed`.

mod dense;
mod dense_general;
mod einsum;
mod embed;

pub use dense::Dense;
pub use dense_general::DenseGeneral;
pub use einsum::Einsum;
pub use embed::Embed;
