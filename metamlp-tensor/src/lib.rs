//! Lazy tensors for metamlp: operations are recorded and run as one program.
//!
//! - [`Tensor`]: an immutable array that is computed when its value is needed.
//! - [`random`]: keys and samplers with JAX's bits.
//! - [`grad`], [`value_and_grad`]: gradients of functions of a [`Tree`].
//! - [`jit`]: a function that is traced once and compiled.
//! - [`Plan`], [`Cost`]: the kernels and the number of operations of a program.
//!
//! This crate knows nothing of modules.
//!
//! ```
//! use metamlp_tensor::{F32, Tensor, value_and_grad};
//! let x = Tensor::from_vec([3, 2], vec![1.0f32, 0.0, 0.0, 1.0, 1.0, 1.0]);
//! let (loss, grad) = value_and_grad(&Tensor::zeros([2], F32), |w| (x.matmul(w) - 1.0).square().mean_all())?;
//! assert_eq!(loss.item::<f32>()?, 1.0);
//! assert_eq!(grad.shape(), [2]);
//! # Ok::<(), metamlp_tensor::Error>(())
//! ```

// First, since the other modules use its macro `for_dtype`.
#[macro_use]
mod dtype;

mod embedded;
mod engine;
mod error;
mod graph;
mod literal;
// Used by this crate only. Public because its documented examples are compiled outside of the crate.
#[doc(hidden)]
pub mod math;
mod memory;
#[cfg(test)]
mod oracle;
pub mod random;
mod shape;
mod static_part;
mod tensor;
mod transform;
mod tree;
mod window;

pub use dtype::{BF16, BOOL, DType, Element, F16, F32, F64, I32, U32};
pub use engine::plan::Plan;
// For the tests of the crates that use this one.
#[doc(hidden)]
pub use engine::statistics;
pub use engine::threads::{MOST_THREADS, with_threads};
pub use engine::trim;
pub use error::{Error, Result};
// Hidden: for the module system, which is a boundary of its own.
pub use graph::mode::{deferred, runs};
pub use graph::node::Tensor;
pub use graph::source::{Source, with_caller, with_path};
pub use half::{bf16, f16};
pub use memory::limits::Limits;
pub use shape::{Axes, Shape, Type};
pub use static_part::StaticPart;
pub use tensor::{Convolution, Operand, OutOfRange, Padding, Scalar, Window};
pub use transform::boundary::evaluate;
pub use transform::cost::Cost;
pub use transform::grad::{Loss, grad, value_and_grad, value_and_grad_with_aux};
pub use transform::jit::{Jit, jit};
// For the expansion of `#[derive(Tree)]`.
#[doc(hidden)]
pub use static_part::{Bits, StaticField, VisitStatic};
pub use tree::{PathSegment, Segment, Tree, TreePath, TreeVisitor};
