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

mod arithmetic;
mod boundary;
mod buffer;
mod cost;
mod error;
mod execution;
mod grad;
mod graph;
mod half_precision;
mod infer;
mod jit;
pub mod math;
mod node;
mod op;
mod oracle;
mod passes;
mod plan;
pub mod random;
mod recording;
mod shape;
mod shared;
mod source;
mod spare;
mod spare_buffers;
mod structure;
mod tensor;
mod threads;
mod tree;
mod vjp;
mod window;

pub use boundary::{deferred, evaluate, is_tracing};
pub use cost::Cost;
pub use dtype::{BF16, BOOL, DType, Element, F16, F32, F64, I32, U32};
pub use error::{Error, Result};
pub use execution::statistics;
pub use grad::{Loss, grad, value_and_grad, value_and_grad_with_aux};
pub use half::{bf16, f16};
pub use jit::{Jit, jit};
pub use node::Tensor;
pub use plan::Plan;
pub use shape::{Axes, Shape, Type};
pub use source::{Source, with_path};
pub use tensor::{Convolution, Operand, OutOfRange, Padding, Scalar, Window};
pub use threads::with_threads;
pub use tree::{PathSegment, Segment, StaticPart, Tree, TreePath, TreeVisitor};
