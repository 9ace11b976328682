//! One-hot encoding of class indices.

use crate::dtype::F32;
use crate::error::Error;
use crate::graph::node::Tensor;

impl Tensor {
    /// One-hot encoding, `f32`: integers of shape `[..]` to `[.., classes]`, 1 at each index and 0
    /// elsewhere. An index outside of `0..classes` gives zeros.
    ///
    /// Poisoned if the tensor is not of integers.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let labels = Tensor::from_vec([2], vec![2, 0]);
    /// assert_eq!(labels.one_hot(3).to_vec::<f32>()?, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn one_hot(&self, classes: usize) -> Tensor {
        if !self.dtype().is_integer() {
            let name = "the dtype of the indices";
            return self.poisoned_like(Error::argument("one_hot", name, self.dtype(), "i32 or u32"));
        }
        self.expand_dims(-1).equal(Self::arange(classes, self.dtype())).convert(F32)
    }
}
