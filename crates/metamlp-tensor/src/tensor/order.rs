//! Sorting and running sums.

use crate::dtype::DType;
use crate::node::Tensor;
use crate::op::Op;

impl Tensor {
    /// Positions (`i32`) that would sort `axis`, ascending and stable, NaN last.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([3], vec![2.0f32, 0.5, 1.0]);
    /// assert_eq!(x.argsort(0).to_vec::<i32>()?, [1, 2, 0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn argsort(&self, axis: isize) -> Tensor {
        match self.resolve_axis("argsort", axis) {
            Ok(axis) => Self::apply(Op::ArgSort { axis }, [self.clone()]),
            Err(error) => self.poisoned_like(error).convert(DType::I32),
        }
    }

    /// Running sum along `axis`.
    #[track_caller]
    #[must_use]
    pub fn cumsum(&self, axis: isize) -> Tensor {
        self.cumulative_sum(axis, false)
    }

    #[track_caller]
    pub(crate) fn cumulative_sum(&self, axis: isize, reverse: bool) -> Tensor {
        match self.resolve_axis("cumsum", axis) {
            Ok(axis) => Self::apply(Op::CumulativeSum { axis, reverse }, [self.clone()]),
            Err(error) => self.poisoned_like(error),
        }
    }
}
