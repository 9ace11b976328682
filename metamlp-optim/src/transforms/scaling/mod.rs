//! Scaling of the updates: by numbers, schedules, and statistics of the gradients or parameters.

mod scale;
mod scale_by_adadelta;
mod scale_by_adam;
mod scale_by_adamax;
mod scale_by_amsgrad;
mod scale_by_belief;
mod scale_by_factored_rms;
mod scale_by_lion;
mod scale_by_param_block;
mod scale_by_radam;
mod scale_by_rms;
mod scale_by_rss;
mod scale_by_schedule;
mod scale_by_sign;
mod scale_by_stddev;
mod scale_by_trust_ratio;
mod scale_by_yogi;

pub use scale::scale;
pub use scale_by_adadelta::{ScaleByAdadelta, scale_by_adadelta};
pub use scale_by_adam::{ScaleByAdam, scale_by_adam};
pub use scale_by_adamax::{ScaleByAdamax, scale_by_adamax};
pub use scale_by_amsgrad::{ScaleByAmsgrad, scale_by_amsgrad};
pub use scale_by_belief::{ScaleByBelief, scale_by_belief};
pub use scale_by_factored_rms::{ScaleByFactoredRms, scale_by_factored_rms};
pub use scale_by_lion::{ScaleByLion, scale_by_lion};
pub use scale_by_param_block::{scale_by_param_block_norm, scale_by_param_block_rms};
pub use scale_by_radam::{ScaleByRadam, scale_by_radam};
pub use scale_by_rms::{ScaleByRms, scale_by_rms};
pub use scale_by_rss::{ScaleByRss, scale_by_rss};
pub(crate) use scale_by_schedule::scale_up_by_learning_rate;
pub use scale_by_schedule::{scale_by_learning_rate, scale_by_schedule};
pub use scale_by_sign::scale_by_sign;
pub use scale_by_stddev::{ScaleByStddev, scale_by_stddev};
pub use scale_by_trust_ratio::{ScaleByTrustRatio, scale_by_trust_ratio};
pub use scale_by_yogi::{ScaleByYogi, scale_by_yogi};
