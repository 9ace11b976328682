//! `BatchApply`: a function of one batch axis applied to several. Knows only shapes.

use std::fmt;

use metamlp_tensor::{Source, Tensor, Tree};

use crate::argument::{invalid, refuse};

/// Merges the leading axes of the inputs, applies a function, and splits the first axis of its outputs
/// again (Flax's `BatchApply`).
///
/// ```
/// use metamlp::layers::BatchApply;
/// use metamlp::{F32, Tensor};
/// // A sum over what is left of the batch axes.
/// let sums = BatchApply::new(|x: &Tensor| x.sum([-1]));
/// assert_eq!(sums.call(&Tensor::ones([2, 5, 7], F32)).shape(), [2, 5]);
/// ```
#[derive(Clone)]
pub struct BatchApply<F> {
    f: F,
    num_dims: usize,
}

impl<F> BatchApply<F> {
    /// Merges the first two axes.
    #[must_use]
    pub fn new(f: F) -> Self {
        Self { f, num_dims: 2 }
    }

    /// Number of leading axes to merge. Default: 2.
    #[must_use]
    pub fn num_dims(mut self, num_dims: usize) -> Self {
        self.num_dims = num_dims;
        self
    }

    /// Applies the function. A tensor with fewer than `num_dims` axes is passed unchanged. At least one
    /// must have as many; the first such gives the batch shape of the outputs.
    #[track_caller]
    pub fn call<A: Tree, R: Tree>(&self, inputs: &A) -> R
    where
        F: Fn(&A) -> R,
    {
        let (num_dims, source) = (self.num_dims, Source::here());
        let mut batch: Option<Vec<usize>> = None;
        let merged = inputs.map(&mut |x| match x.shape().split_at_checked(num_dims) {
            Some((leading, rest)) if num_dims > 0 => {
                batch.get_or_insert_with(|| leading.to_vec());
                x.reshape([&[leading.iter().product()], rest].concat())
            }
            _ => x.clone(),
        });
        let output = (self.f)(&merged);
        let batch = batch.ok_or_else(|| {
            let expected = "at least 1, and an input with as many axes";
            invalid("BatchApply", "num_dims", num_dims, expected).at(&source)
        });
        output.map(&mut |y: &Tensor| match &batch {
            Err(error) => refuse(y, error.clone()),
            Ok(batch) => match y.shape().split_first() {
                Some((_, rest)) => y.reshape([batch, rest].concat()),
                None => {
                    let expected = "at least 1, the merged axis";
                    refuse(y, invalid("BatchApply", "an output's rank", 0, expected).at(&source))
                }
            },
        })
    }
}

impl<F> fmt::Debug for BatchApply<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchApply").field("num_dims", &self.num_dims).finish_non_exhaustive()
    }
}
