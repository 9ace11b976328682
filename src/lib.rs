//! Flax Linen's way of writing neural networks, in Rust.
//!
//! A layer is written once, where it is used, and registers its variables. A model
//! and its parameters are separate values; `init` creates the parameters, `apply`
//! runs the model with them.
//!
//! ```
//! use metamlp::prelude::*;
//!
//! #[module]
//! struct Classifier { hidden: usize }
//!
//! #[compact]
//! impl Classifier {
//!     fn call(&self, x: &Tensor) -> Tensor {
//!         let x = Dense::new(self.hidden).call(x).tanh();
//!         Dense::new(10).call(&x)
//!     }
//! }
//!
//! let model = Classifier::new(32);
//! let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 784], F32)))?;   // shapes are enough
//! let logits = model.apply(&variables, Options::new(), |m| m.call(&Tensor::zeros([5, 784], F32)))?;
//! assert_eq!(logits.shape(), [5, 10]);
//! # Ok::<(), metamlp::Error>(())
//! ```
//!
//! - [`Module`]: `init`, `apply`, and the methods of a running module.
//! - [`module`] and [`compact`](macro@compact): the two macros that define modules.
//! - [`layers`], [`activations`], [`initializers`]: the parts of models.
//! - [`losses`], [`optim`], [`TrainState`], [`metrics`]: training and evaluation.
//! - [`checkpoint`]: saving and loading variables.
//! - [`tensor`]: tensors and their transformations; [`random`]: keys and samplers.
//! - [`ot`]: optimal transport.
//! - [`guide`]: a page for each topic.
//!
//! # Features
//! All are on by default.
//! - `ot`: optimal transport, [`ot`].
//! - `safetensors`: [`save_safetensors`](checkpoint::save_safetensors) and
//!   [`load_safetensors`](checkpoint::load_safetensors).
//! - `html`: [`Table::to_html`](summary::Table::to_html).

pub mod guide;

pub use metamlp_core::*;
#[cfg(feature = "ot")]
pub use metamlp_ot as ot;
pub use metamlp_tensor as tensor;

/// Runs the program of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Runs the example of the page on the executor as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/execution.md")]
struct Execution;

/// Runs the example of the page on tensors as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/tensors.md")]
struct Tensors;
