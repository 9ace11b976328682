//! Log-cosh loss.

use std::f64::consts::LN_2;

use metamlp_tensor::Tensor;

use super::unlike;

/// `ln(cosh(predictions - targets))` per element, without overflow (optax's `log_cosh`). Both have the
/// same shape. About `error² / 2` near 0 and `|error| - ln 2` far from it.
///
/// Chen et al., "Log hyperbolic cosine loss improves variational auto-encoder" (2019).
#[track_caller]
#[must_use]
pub fn log_cosh(predictions: &Tensor, targets: &Tensor) -> Tensor {
    if let Some(refusal) = unlike("log_cosh", predictions, targets) {
        return refusal;
    }
    let size = (predictions - targets).abs();
    (&size * -2.0).exp().log1p() + size - LN_2
}
