//! Optimizers, schedules, losses and metrics, after optax. Knows trees of tensors and nothing of
//! modules.
//!
//! Each optimizer is a function with optax's defaults and a struct of the same name with all options:
//! [`adam`] and [`Adam`], [`sgd`] and [`Sgd`]. [`chain`] joins transformations. The first update
//! returns an error for a hyper-parameter out of range.
//!
//! ```
//! use metamlp_optim::{adam, apply_updates, chain, clip_by_global_norm};
//! use metamlp_tensor::{Tensor, grad};
//! let optimizer = chain([clip_by_global_norm(1.0), adam(0.1)]);
//! let mut params = Tensor::from_vec([2], vec![1.0f32, -1.0]);
//! let mut state = optimizer.init(&params);
//! for _ in 0..100 {
//!     let grads = grad(&params, |x| x.square().sum_all())?;
//!     let (updates, next) = optimizer.update(&grads, &state, Some(&params))?;
//!     (params, state) = (apply_updates(&params, &updates)?, next);
//! }
//! assert!(params.abs().max_all().item::<f32>()? < 0.1);
//! # Ok::<(), metamlp_tensor::Error>(())
//! ```
//!
//! - `optimizers/`: [`adam`], [`sgd`] and others, each a chain of
//! - `transforms/`: gradient transformations, [`scale_by_adam`] or [`clip`] for instance.
//! - `wrappers/`: transformations of optimizers: [`chain`], [`masked`], [`partition`],
//!   [`multi_steps`], [`apply_if_finite`], [`inject_hyperparams`].
//! - `schedules/`: learning rates that depend on the step, [`cosine_decay_schedule`] for instance.
//! - [`losses`] and [`metrics`].
//!
//! A new transformation implements [`GradientTransformation`].

mod hyperparam;
mod leaves;
pub mod losses;
mod mask;
pub mod metrics;
mod moments;
mod norm;
mod optimizer;
mod optimizers;
mod options;
mod precision;
mod schedule;
mod schedules;
mod state;
mod transformation;
mod transforms;
mod wrappers;

pub use hyperparam::Hyperparam;
pub use leaves::Leaves;
pub use norm::global_norm;
pub use optimizer::{Optimizer, apply_updates};
pub use optimizers::*;
pub use schedule::Schedule;
pub use schedules::*;
pub use state::State;
pub use transformation::GradientTransformation;
pub use transforms::*;
pub use wrappers::*;
