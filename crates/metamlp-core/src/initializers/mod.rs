//! The initializers of `jax.nn.initializers`, under their names there.

mod constant;
mod lecun;

pub use constant::{constant, ones, zeros};
pub use lecun::lecun_normal;
