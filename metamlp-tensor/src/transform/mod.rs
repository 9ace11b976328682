//! Transformations of functions over tensors, and the boundaries at which tensors are evaluated. Knows recorded programs
//! and asks the engine for compiled ones.
//!
//! What flows through here: [`grad`](grad::grad) calls a function on marked variables, walks back over the recorded
//! operations and applies the [rule](vjp) of each one, which records the gradient. [`jit`](jit::jit) looks up the
//! [structure](structure) of its arguments, and [traces](crate::engine::trace) the function if it is new. A
//! [boundary] turns recorded tensors into values. [`Cost`](cost::Cost) counts the operations of a recording.

pub(crate) mod boundary;
pub(crate) mod cost;
pub(crate) mod grad;
pub(crate) mod jit;
pub(crate) mod structure;
pub(crate) mod vjp;
