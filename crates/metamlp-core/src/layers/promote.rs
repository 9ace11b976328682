//! The dtype that a layer computes in.

use metamlp_tensor::{DType, F32, F64, Tensor};

/// Converts a layer's input and parameters to `dtype` or, if that is `None`,
/// to the widest float among them; integers count as `f32`.
pub(super) fn promote<const N: usize>(tensors: [&Tensor; N], dtype: Option<DType>) -> [Tensor; N] {
    let is_double = |tensor: &&Tensor| tensor.dtype() == F64;
    let widest = if tensors.iter().any(is_double) { F64 } else { F32 };
    tensors.map(|tensor| tensor.convert(dtype.unwrap_or(widest)))
}
