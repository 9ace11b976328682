//! Checkpoints: any tree of tensors, [`Variables`](crate::Variables) for instance, saved to a file and
//! loaded. Knows nothing of models.
//!
//! ```
//! use metamlp::checkpoint::{load_safetensors, save_safetensors};
//! use metamlp::prelude::*;
//! let model = Dense::new(3);
//! let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32)))?;
//! let path = std::env::temp_dir().join("metamlp-checkpoint-example.safetensors");
//! save_safetensors(&path, &variables)?;
//! let loaded = load_safetensors(&path, &variables)?;
//! assert_eq!(loaded.to_string(), variables.to_string());
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), metamlp::Error>(())
//! ```

#[cfg(feature = "safetensors")]
mod header;
#[cfg(feature = "safetensors")]
mod keys;
mod problem;
#[cfg(feature = "safetensors")]
mod regular;
#[cfg(feature = "safetensors")]
mod replace;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg(feature = "safetensors")]
mod values;

pub use problem::CheckpointProblem;
#[cfg(feature = "safetensors")]
pub use safetensors::{load_safetensors, save_safetensors};
