//! The dtype of a layer's computation.

use metamlp_tensor::{BOOL, DType, Tensor};

/// Converts a layer's input and parameters to `dtype` or, if it is `None`, to their [common
/// float](common_float) dtype.
pub(in crate::layers) fn promote<const N: usize>(tensors: [&Tensor; N], dtype: Option<DType>) -> [Tensor; N] {
    let dtype = dtype.unwrap_or_else(|| common_float(&tensors));
    tensors.map(|tensor| tensor.convert(dtype))
}

/// The float dtype to which all promote; integers count as `f32`.
pub(in crate::layers) fn common_float(tensors: &[&Tensor]) -> DType {
    tensors.iter().map(|tensor| tensor.dtype()).fold(BOOL, DType::promote).to_inexact()
}
