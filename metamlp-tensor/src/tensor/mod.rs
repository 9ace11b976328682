//! The methods of [`Tensor`], a room for each kind. Each method records primitive operations. Broadcasting and dtype
//! promotion happen here and nowhere below.

mod axes;
mod contractions;
mod elementwise;
mod padding;
mod reductions;
mod values;

pub use self::axes::OutOfRange;
pub use self::contractions::Convolution;
pub use self::elementwise::{Operand, Scalar};
pub(crate) use self::elementwise::{Term, broadcast_shapes, common_dtype, promoted};
pub use self::padding::Padding;
pub use self::reductions::Window;

use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::shape::Axes;

impl Tensor {
    /// The number of `axis` from the front. Negative axes count from the end.
    #[track_caller]
    pub(crate) fn resolve_axis(&self, op: &'static str, axis: isize) -> Result<usize, Error> {
        let rank = self.rank();
        let from_front = if axis < 0 { axis.checked_add_unsigned(rank) } else { Some(axis) };
        match from_front.and_then(|axis| usize::try_from(axis).ok()) {
            Some(axis) if axis < rank => Ok(axis),
            _ => {
                let expected = match rank {
                    0 => "no axis, the tensor is a scalar".to_owned(),
                    _ => format!("-{rank}..{rank}, the tensor is {}", self.0.ty),
                };
                Err(argument(op, "axis", axis, expected, Source::here()))
            }
        }
    }

    // A loop instead of `map`: inside a closure `#[track_caller]` would name the closure's line.
    #[track_caller]
    pub(crate) fn resolve_axes(&self, op: &'static str, axes: &[isize]) -> Result<Axes, Error> {
        let mut resolved = Axes::with_capacity(axes.len());
        for &axis in axes {
            resolved.push(self.resolve_axis(op, axis)?);
        }
        Ok(resolved)
    }

    /// A tensor of this one's shape and dtype that carries this one's error, if it has one, or else `error`.
    #[track_caller]
    #[must_use]
    pub fn poisoned_like(&self, error: Error) -> Tensor {
        Self::poisoned(self.error().cloned().unwrap_or(error), self.0.ty.clone())
    }
}
