//! Optimizers in the manner of optax: transformations of gradients, joined by
//! [`chain`]. They know trees of tensors and nothing of modules.
//!
//! Each function here gives an [`Optimizer`] with optax's defaults; the struct
//! of the same name has the options: [`adam`] and [`Adam`], [`sgd`] and [`Sgd`].
//!
//! ```
//! use metamlp::optim::{adam, apply_updates, chain, clip_by_global_norm};
//! use metamlp::{Tensor, grad};
//! let optimizer = chain([clip_by_global_norm(1.0), adam(0.1)]);
//! let mut params = Tensor::from_vec([2], vec![1.0f32, -1.0]);
//! let mut state = optimizer.init(&params);
//! for _ in 0..100 {
//!     let grads = grad(&params, |x| x.square().sum_all())?;
//!     let (updates, next) = optimizer.update(&grads, &state, Some(&params))?;
//!     (params, state) = (apply_updates(&params, &updates)?, next);
//! }
//! assert!(params.abs().max_all().item::<f32>()? < 0.1);
//! # Ok::<(), metamlp::Error>(())
//! ```
//!
//! A transformation of one's own implements [`GradientTransformation`].

mod adam;
mod add_decayed_weights;
mod chain;
mod clip_by_global_norm;
mod leaves;
mod optimizer;
mod scale;
mod schedule;
mod sgd;
mod state;
mod transformation;

pub use adam::{Adam, AdamW, ScaleByAdam, adam, adamw, scale_by_adam};
pub use add_decayed_weights::{AddDecayedWeights, add_decayed_weights};
pub use chain::chain;
pub use clip_by_global_norm::{clip_by_global_norm, global_norm};
pub use leaves::Leaves;
pub(crate) use optimizer::located;
pub use optimizer::{Optimizer, apply_updates};
pub use scale::{scale, scale_by_learning_rate};
pub use schedule::Schedule;
pub use sgd::{Sgd, Trace, sgd, trace};
pub use state::State;
pub use transformation::GradientTransformation;
