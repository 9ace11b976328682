//! Cumulative sums.

use crate::graph::node::Tensor;
use crate::graph::op::Op;

impl Tensor {
    /// Cumulative sum along `axis`: each element is replaced by the sum of the elements up to it. `bool` is
    /// counted, as `i32`.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// assert_eq!(Tensor::from_vec([3], vec![1, 2, 4]).cumsum(0).to_vec::<i32>()?, [1, 3, 7]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumsum(&self, axis: isize) -> Tensor {
        self.cumulative_sum(axis, false)
    }

    #[track_caller]
    pub(crate) fn cumulative_sum(&self, axis: isize, reverse: bool) -> Tensor {
        match self.resolve_axis("cumsum", axis) {
            Ok(axis) => Self::apply(Op::CumulativeSum { axis, reverse }, [self.counted()]),
            Err(error) => self.poisoned_like(error),
        }
    }
}
