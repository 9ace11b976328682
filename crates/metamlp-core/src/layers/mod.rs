//! Layers, written with the same two macros as a user's own.

mod batch_norm;
mod dense;
mod promote;

pub use batch_norm::BatchNorm;
pub use dense::Dense;

use metamlp_tensor::{Error, Source, Tensor};

/// A tensor of the shape and dtype of `x` with the error of a layer that cannot run on it.
#[track_caller]
fn refused(
    x: &Tensor,
    layer: &'static str,
    argument: &'static str,
    found: &dyn ToString,
    expected: impl Into<String>,
) -> Tensor {
    let error = Error::Argument {
        op: layer,
        argument,
        found: found.to_string(),
        expected: expected.into(),
        source_line: Source::here(),
    };
    Tensor::poison(error, x.shape(), x.dtype())
}
