//! The initializers of `jax.nn.initializers`, under their names there. The values are JAX's, bit for
//! bit except for the orthogonal ones.
//!
//! Each function returns an [`Initializer`]. An initializer that cannot be applied (the fans of a
//! vector, a standard deviation of NaN) returns a poisoned tensor.
//!
//! ```
//! use metamlp::initializers::{Distribution, Mode, VarianceScaling, he_normal};
//! use metamlp::{Dense, Tensor};
//! let layer = Dense::new(64).kernel_init(he_normal());
//! let scaling = VarianceScaling::new(1.0, Mode::FanAvg, Distribution::Uniform).in_axis([-3, -2]);
//! let other = Dense::new(64).kernel_init(scaling);
//! ```

pub(crate) mod initializer;

mod constant;
mod fans;
mod orthogonal;
mod sampled;
mod variance_scaling;

pub use constant::{constant, ones, zeros};
pub use fans::{
    glorot_normal, glorot_uniform, he_normal, he_uniform, kaiming_normal, kaiming_uniform, lecun_normal,
    lecun_uniform, xavier_normal, xavier_uniform,
};
pub use orthogonal::{delta_orthogonal, orthogonal};
pub use sampled::{normal, truncated_normal, truncated_normal_within, uniform};
pub use variance_scaling::{Distribution, Mode, VarianceScaling, variance_scaling};

use metamlp_tensor::{DType, Error};

use crate::argument::invalid;
use crate::initializers::initializer::Initializer;

/// Checks that the factor of a distribution is finite.
fn finite(op: &'static str, name: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(invalid(op, name, value, "a finite number")) }
}

/// Checks that the dtype is a float.
fn float(op: &'static str, dtype: DType) -> Result<(), Error> {
    if dtype.is_float() { Ok(()) } else { Err(invalid(op, "dtype", dtype, "a float")) }
}
