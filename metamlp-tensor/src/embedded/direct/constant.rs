//! Buffers of scalar literals.

use crate::graph::op::Literal;
use crate::math::arithmetic::Arithmetic;
use crate::memory::buffer::Buffer;

/// A buffer with the literal as its only element.
pub(crate) fn buffer(literal: Literal) -> Buffer {
    for_dtype!(literal.dtype(), T => Buffer::from_vec(vec![T::from_literal(literal)]))
}
