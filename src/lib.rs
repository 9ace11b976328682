//! Flax Linen's way of writing neural networks, in Rust.
//!
//! A layer is written once, in the place where it is used; its variables
//! register themselves. A model is a value, its parameters are another value,
//! and `init` and `apply` join them.
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
//! - [`Module`]: `init`, `apply`, and what a module can ask for while it runs.
//! - [`module`] and [`compact`](macro@compact): the two macros that write one.
//! - [`layers`], [`activations`], [`initializers`]: what models are made of.
//! - [`losses`], [`optim`], [`TrainState`]: training them; [`metrics`]: how well they do.
//! - [`checkpoint`]: keeping what they learnt.
//! - [`tensor`]: the tensors themselves; [`random`]: keys and samplers.
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

/// The README's program, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
