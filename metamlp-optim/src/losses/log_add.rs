//! The sum of two numbers given by their logarithms.

use metamlp_tensor::Tensor;

/// `ln(e^a + e^b)`, both finite or one of them infinite. It chooses a side where they are equal, so that
/// every derivative is exact there; `maximum` and `abs` would have half of each side's first, and no second.
#[track_caller]
pub(super) fn log_add(a: &Tensor, b: &Tensor) -> Tensor {
    let is_less = a.less(b);
    let (high, low) = (is_less.select(b, a), is_less.select(a, b));
    (low - &high).exp().log1p() + high
}
