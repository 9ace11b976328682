//! The dtype that a layer computes in.

use metamlp_tensor::{BOOL, DType, Tensor};

/// Converts a layer's input and parameters to `dtype` or, if that is `None`,
/// to the dtype in which they meet, which is `f32` of integers.
pub(super) fn promote<const N: usize>(tensors: [&Tensor; N], dtype: Option<DType>) -> [Tensor; N] {
    let meeting = tensors.iter().fold(BOOL, |dtype, tensor| dtype.promote(tensor.dtype()));
    tensors.map(|tensor| tensor.convert(dtype.unwrap_or(meeting.to_inexact())))
}
