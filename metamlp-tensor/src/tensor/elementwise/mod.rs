//! Elementwise functions and operators, and the promotion and broadcasting of their operands.

mod functions;
mod operand;
mod operators;

pub use self::operand::{Operand, Scalar};
pub(crate) use self::operand::{broadcast_shapes, promoted};
