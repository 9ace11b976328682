//! Constraints on the result: non-negative parameters, no NaN.

mod keep_params_nonnegative;
mod zero_nans;

pub use keep_params_nonnegative::keep_params_nonnegative;
pub use zero_nans::zero_nans;
