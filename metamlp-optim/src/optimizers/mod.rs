//! Named optimizers: chains of transformations with optax's defaults, one per file.

mod adabelief;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod amsgrad;
mod lamb;
mod lars;
mod lion;
mod noisy_sgd;
mod radam;
mod rmsprop;
mod sgd;
mod sign_sgd;
mod yogi;

pub use adabelief::{AdaBelief, adabelief};
pub use adadelta::{Adadelta, adadelta};
pub use adafactor::{Adafactor, adafactor};
pub use adagrad::{Adagrad, adagrad};
pub use adam::{Adam, adam, nadam};
pub use adamax::{Adamax, AdamaxW, adamax, adamaxw};
pub use adamw::{AdamW, adamw, nadamw};
pub use amsgrad::{Amsgrad, amsgrad};
pub use lamb::{Lamb, lamb};
pub use lars::{Lars, lars};
pub use lion::{Lion, lion};
pub use noisy_sgd::noisy_sgd;
pub use radam::{Radam, radam};
pub use rmsprop::{RmsProp, rmsprop};
pub use sgd::{Sgd, sgd};
pub use sign_sgd::sign_sgd;
pub use yogi::{Yogi, yogi};
