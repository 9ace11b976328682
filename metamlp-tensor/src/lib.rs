//! Lazy tensors for metamlp: record operations, run them as one program.
//!
//! - [`Tensor`]: an immutable array that is computed when it is needed.
//! - [`random`]: JAX's keys and samplers, to the bit.
//! - [`grad`], [`value_and_grad`]: gradients of any function of a [`Tree`].
//! - [`jit`]: a function traced once and compiled.
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

// First, for the macro in it.
#[macro_use]
mod dtype;

mod embedded;
mod engine;
mod error;
mod graph;
mod literal;
pub mod math;
mod memory;
mod oracle;
pub mod random;
mod shape;
mod tensor;
mod transform;
mod tree;
mod window;

pub use dtype::{BF16, BOOL, DType, Element, F16, F32, F64, I32, U32};
pub use engine::plan::Plan;
pub use engine::statistics;
pub use engine::threads::with_threads;
pub use error::{Error, Result};
pub use graph::cost::Cost;
pub use graph::node::Tensor;
pub use graph::source::{Source, with_path};
pub use half::{bf16, f16};
pub use shape::{Axes, Shape, Type};
pub use tensor::{Convolution, Operand, OutOfRange, Padding, Scalar, Window};
pub use transform::boundary::{deferred, evaluate, is_tracing};
pub use transform::grad::{Loss, grad, value_and_grad, value_and_grad_with_aux};
pub use transform::jit::{Jit, jit};
pub use tree::{PathSegment, Segment, StaticPart, Tree, TreePath, TreeVisitor};
