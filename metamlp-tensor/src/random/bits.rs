//! Samplers of random bits. Knows keys and the operations that draw from them.

use super::key::Key;
use crate::graph::node::Tensor;
use crate::graph::op::Op;
use crate::shape::Shape;

/// 32 random bits per element, as `u32`, of `shape`. JAX's `random.bits`.
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let bits = random::bits(Key::new(42), [2, 2]).to_vec::<u32>()?;
/// assert_eq!(bits, [0x7d1c13a2, 0xae0730d9, 0x9dc3f9f9, 0x8f9ec1d7]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn bits(key: impl Into<Key>, shape: impl AsRef<[usize]>) -> Tensor {
    let shape = Shape::from(shape.as_ref());
    Tensor::apply(Op::RngBits(shape), [key.into().to_tensor()])
}

/// The upper and the lower halves of 64 random bits per element, both `u32`, of `shape`.
///
/// Tensors have no 64-bit integers. The halves are the two words of the keys of a split.
#[track_caller]
pub(super) fn wide_bits(key: &Key, shape: &[usize]) -> (Tensor, Tensor) {
    let count = Shape::from(shape).size();
    let words = Tensor::apply(Op::RngSplit { first: 0, count }, [key.to_tensor()]);
    (words.slice_axis(1, 0, 1).reshape(shape), words.slice_axis(1, 1, 2).reshape(shape))
}
