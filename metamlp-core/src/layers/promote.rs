//! The dtype that a layer computes in.

use metamlp_tensor::{BOOL, DType, Tensor};

/// Converts a layer's input and parameters to `dtype` or, if that is `None`, to
/// the [common float](common_float) of all.
pub(super) fn promote<const N: usize>(tensors: [&Tensor; N], dtype: Option<DType>) -> [Tensor; N] {
    let dtype = dtype.unwrap_or_else(|| common_float(&tensors));
    tensors.map(|tensor| tensor.convert(dtype))
}

/// The dtype in which all meet; integers count as `f32`.
pub(super) fn common_float(tensors: &[&Tensor]) -> DType {
    tensors.iter().map(|tensor| tensor.dtype()).fold(BOOL, DType::promote).to_inexact()
}
