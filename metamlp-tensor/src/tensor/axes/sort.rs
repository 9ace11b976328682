//! Sorting: `sort`, `argsort` and `top_k`.

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::graph::op::Op;

impl Tensor {
    /// Indices (`i32`) that sort the tensor along `axis`, ascending and stable, NaN last.
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

    /// The elements along `axis` in ascending order, NaN last. The sort is stable, which matters for the gradient.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([3], vec![2.0f32, 0.5, 1.0]);
    /// assert_eq!(x.sort(0).to_vec::<f32>()?, [0.5, 1.0, 2.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sort(&self, axis: isize) -> Tensor {
        self.take_along_axis(&self.argsort(axis), axis)
    }

    /// The `k` largest elements along the last axis and their indices (`i32`), the largest first, equals in their order.
    /// NaN comes before all numbers.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let x = Tensor::from_vec([4], vec![2.0f32, 7.0, 7.0, 1.0]);
    /// let (values, positions) = x.top_k(3);
    /// assert_eq!(values.to_vec::<f32>()?, [7.0, 7.0, 2.0]);
    /// assert_eq!(positions.to_vec::<i32>()?, [1, 2, 0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn top_k(&self, k: usize) -> (Tensor, Tensor) {
        match self.resolve_axis("top_k", -1) {
            Ok(axis) => {
                let positions = Self::apply(Op::TopK { axis, k }, [self.clone()]);
                if positions.0.poison.is_some() {
                    return (positions.convert(self.dtype()), positions);
                }
                (self.take_along_axis(&positions, -1), positions)
            }
            Err(error) => {
                let poisoned = self.poisoned_like(error);
                (poisoned.clone(), poisoned.convert(DType::I32))
            }
        }
    }
}
