//! What a [`Tensor`] can do, a file per kind of method. Each method records
//! primitive operations; broadcasting and promotion happen here and nowhere below.

mod construct;
mod convolution;
mod einsum;
mod elementwise;
mod format;
mod indexing;
mod ndarray;
mod one_hot;
mod operand;
mod operators;
mod padding;
mod product;
mod read;
mod rearrange;
mod reduce;
mod reduce_window;
mod sort;

pub use self::convolution::Convolution;
pub use self::indexing::OutOfRange;
pub use self::operand::{Operand, Scalar};
pub(crate) use self::operand::{broadcast_shapes, promoted};
pub use self::padding::Padding;
pub use self::reduce_window::Window;

use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::shape::Axes;

impl Tensor {
    /// `axis` counted from the front; negative ones count from the end.
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

    // A loop and no `map`: a closure would be the caller that an error names.
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
