//! The types of layers' fields, the checks of their values, and the dtype of a layer's computation.

mod axis_list;
pub(super) mod check;
pub(super) mod promote;
mod sizes;

pub use axis_list::AxisList;
pub use sizes::Sizes;
