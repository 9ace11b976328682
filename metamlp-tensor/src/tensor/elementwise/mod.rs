//! Elementwise functions and operators, and the promotion and broadcasting of their operands.

mod functions;
mod number;
mod operand;
mod operators;

pub use self::operand::{Operand, Scalar};
pub(crate) use self::operand::{Term, broadcast_shapes, common_dtype, promoted};
