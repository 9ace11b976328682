//! Log-cosh loss.

use std::f64::consts::LN_2;

use metamlp_tensor::Tensor;

use super::unlike;

/// `ln(cosh(predictions - targets))` per element, without overflow (optax's `log_cosh`):
/// about `error² / 2` near 0 and `|error| - ln 2` far from it.
///
/// Chen et al., "Log hyperbolic cosine loss improves variational auto-encoder" (2019).
#[track_caller]
#[must_use]
pub fn log_cosh(predictions: &Tensor, targets: &Tensor) -> Tensor {
    if let Some(refusal) = unlike("log_cosh", ("predictions", predictions), ("targets", targets)) {
        return refusal;
    }
    let error = predictions - targets;
    // Not `abs`, whose second derivative at 0 is 0.
    let size = error.greater(0.0).select(&error, -&error);
    (&size * -2.0).exp().log1p() + size - LN_2
}
