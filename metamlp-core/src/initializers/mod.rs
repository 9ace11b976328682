//! The initializers of `jax.nn.initializers`, under their names there and with
//! their values: to the bit, but for the orthogonal ones.
//!
//! Each is a function of the options to an [`Initializer`]. What no tensor can
//! satisfy, such as fans of a vector or a standard deviation of NaN, gives a
//! poisoned tensor.
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

/// Refuses the factor of a distribution that is not finite.
fn finite(op: &'static str, name: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(invalid(op, name, value, "a finite number")) }
}

/// Refuses to draw anything but floats.
fn float(op: &'static str, dtype: DType) -> Result<(), Error> {
    if dtype.is_float() { Ok(()) } else { Err(invalid(op, "dtype", dtype, "a float")) }
}
