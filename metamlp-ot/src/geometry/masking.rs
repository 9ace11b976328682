//! Selections that keep infinities and zeros out of sums and quotients.

use metamlp_tensor::Tensor;

/// `x` where it is finite, `otherwise` elsewhere.
pub(crate) fn finite_or(x: &Tensor, otherwise: f64) -> Tensor {
    x.is_finite().select(x, otherwise)
}

/// A denominator: `x` where it is positive, 1 elsewhere.
pub(crate) fn positive_or_one(x: &Tensor) -> Tensor {
    x.greater(0.0).select(x, 1.0)
}

/// `x` at atoms with mass, `otherwise` at the others.
pub(crate) fn mask(x: &Tensor, weights: &Tensor, otherwise: f64) -> Tensor {
    weights.greater(0.0).select(x, otherwise)
}
