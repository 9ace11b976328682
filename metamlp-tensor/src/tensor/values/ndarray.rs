//! Conversion from and to `ndarray`, without a copy where the layout allows.

use ndarray::{Array, ArrayBase, ArrayD, Data, Dimension, IxDyn, s};

use crate::dtype::Element;
use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::memory::buffer::Buffer;
use crate::memory::exhausted::collected;
use crate::memory::stored::{buffer_of, vector_of};
use crate::shape::{Shape, Type};

use super::construct::too_large;

/// The shape of an array. An array without elements may have a shape that no tensor has; it gives a poisoned tensor.
#[track_caller]
fn shape_of<T: Element>(extents: &[usize]) -> Result<Shape, Tensor> {
    let ty = Type::new(extents, T::DTYPE);
    if ty.fits() { Ok(ty.shape) } else { Err(Tensor::poisoned(too_large("from", &ty), ty)) }
}

/// Takes over the memory of an owned array in standard layout. Copies an array in another layout.
///
/// ```
/// use metamlp_tensor::Tensor;
/// let x = Tensor::from(ndarray::array![[1.0f32, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.shape(), [2, 2]);
/// ```
impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor {
    #[track_caller]
    fn from(array: Array<T, D>) -> Self {
        if !array.is_standard_layout() {
            return Self::from(&array);
        }
        let shape = match shape_of::<T>(array.shape()) {
            Ok(shape) => shape,
            Err(poisoned) => return poisoned,
        };
        let (mut values, offset) = array.into_raw_vec_and_offset();
        // An empty array has no offset.
        let start = offset.unwrap_or(0);
        values.truncate(start + shape.size());
        Self::concrete(shape, buffer_of(values, start))
    }
}

/// Copies the elements of any `ndarray` array or view. Poisoned if the system does not have the memory for the copy.
impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor {
    #[track_caller]
    fn from(array: &ArrayBase<S, D>) -> Self {
        let shape = match shape_of::<T>(array.shape()) {
            Ok(shape) => shape,
            Err(poisoned) => return poisoned,
        };
        match collected(array.len(), array.iter().copied()) {
            Ok(values) => Self::concrete(shape, buffer_of::<T>(values, 0)),
            Err(bytes) => {
                let error = Error::OutOfMemory { op: "from", bytes, source_line: Source::here() };
                Self::poisoned(error, Type { shape, dtype: T::DTYPE })
            }
        }
    }
}

/// Evaluates the tensor. The array takes over its memory if the tensor is the only owner, otherwise it gets a copy.
///
/// ```
/// use metamlp_tensor::{F32, Tensor};
/// let array = ndarray::ArrayD::<f32>::try_from(Tensor::ones([2, 2], F32))?;
/// assert_eq!(array.shape(), [2, 2]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
impl<T: Element> TryFrom<Tensor> for ArrayD<T> {
    type Error = Error;

    #[track_caller]
    fn try_from(tensor: Tensor) -> Result<Self, Error> {
        // Evaluates the tensor and checks the element type.
        tensor.view::<T>()?;
        let source_line = Source::here();
        let shape = IxDyn(tensor.shape());
        let value = tensor.into_value();
        let values = value.and_then(vector_of::<T>).expect("`view` has checked value and type");
        let (values, start) = values.map_err(|bytes| Error::OutOfMemory {
            op: "try_from",
            bytes,
            source_line: source_line.clone(),
        })?;
        Array::from_vec(values).slice_move(s![start..]).into_shape_with_order(shape).map_err(|error| {
            argument("try_from", "tensor", error, "a shape that ndarray supports", source_line)
        })
    }
}

impl Tensor {
    /// The value. The buffer has no other owner if this was the only handle to the node.
    pub(crate) fn into_value(self) -> Option<Buffer> {
        match std::sync::Arc::try_unwrap(self.0) {
            Ok(mut node) => node.value.take(),
            Err(shared) => shared.value.get().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements of a large tensor begin at a cache line inside their vector.
    #[test]
    fn large_tensors_go_to_ndarray_and_back() -> Result<(), Error> {
        let expected: Vec<f32> = (0..5000).map(|i| i as f32 + 1.0).collect();
        let computed = Tensor::from_vec([50, 100], (0..5000).map(|i| i as f32).collect()) + 1.0;
        let array = ArrayD::<f32>::try_from(computed)?;
        assert_eq!(array.iter().copied().collect::<Vec<f32>>(), expected);
        let back = Tensor::from(array);
        assert_eq!((back.shape(), back.to_vec::<f32>()?), (&[50, 100][..], expected));
        Ok(())
    }
}
