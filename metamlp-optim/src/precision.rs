//! Squares, sums and small constants, which 16 bits do not hold, are computed in `f32`.

use metamlp_tensor::{F32, Tensor};

/// `x`, as `f32` if its numbers have 16 bits. The caller rounds its result once, at the end.
pub(super) fn widened(x: &Tensor) -> Tensor {
    if x.dtype().is_half() { x.convert(F32) } else { x.clone() }
}
