//! Matrix products and `dot_general`.

use crate::dtype::DType;
use crate::error::Problem;
use crate::graph::node::Tensor;
use crate::graph::op::{DotDimensions, Op};
use crate::graph::source::Source;
use crate::shape::Axes;

impl Tensor {
    /// Matrix product, NumPy's `matmul`: `[.., m, k]` by `[.., k, n]` is `[.., m, n]`. Leading axes broadcast. A vector is a
    /// row on the left and a column on the right. Of flags an element is true if one of its products is.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor};
    /// let (x, w) = (Tensor::ones([4, 2, 3], F32), Tensor::ones([3, 5], F32));
    /// assert_eq!(x.matmul(&w).shape(), [4, 2, 5]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        if self.rank() == 0 || other.rank() == 0 {
            let types = vec![self.0.ty.clone(), other.0.ty.clone()];
            let problem = "a matrix product needs at least one axis on each side; multiply scalars with *";
            return self.poisoned_like(Problem::Shape(problem.to_owned()).at(
                "matmul",
                types,
                Source::here(),
            ));
        }
        // Without batch axes on the right, the batch axes on the left are further rows.
        if other.rank() <= 2 {
            let contracting = other.rank().saturating_sub(2);
            return self.dot_general(other, (&[self.rank() - 1], &[contracting]), (&[], &[]));
        }
        if self.rank() == 1 {
            let row = self.expand_dims(0);
            // A refused row stays a vector and carries the error.
            return if row.rank() == 2 { row.matmul(other).squeeze(-2) } else { row };
        }
        let (lhs_batch, rhs_batch) = (self.rank() - 2, other.rank() - 2);
        let batch_of = |tensor: &Tensor, rank: usize| {
            let shape: Axes = tensor.shape()[..rank].into();
            Tensor::spec(shape, tensor.dtype())
        };
        let batch = match crate::tensor::broadcast_shapes(
            "matmul",
            &[&batch_of(self, lhs_batch), &batch_of(other, rhs_batch)],
        ) {
            Ok(batch) => batch,
            Err(error) => return self.poisoned_like(error),
        };
        let with_batch = |tensor: &Tensor, rank: usize| {
            let shape: Axes = batch.iter().chain(&tensor.shape()[rank..]).copied().collect();
            tensor.broadcast_to(shape)
        };
        let (lhs, rhs) = (with_batch(self, lhs_batch), with_batch(other, rhs_batch));
        let batch: Axes = (0..batch.len()).collect();
        lhs.dot_general(&rhs, (&[lhs.rank() - 1], &[rhs.rank() - 2]), (&batch, &batch))
    }

    /// Sum of products over the paired `contracting` axes (of `self`, of `other`). The result has the `batch` axes, then the
    /// remaining axes of `self`, then those of `other`. JAX's `dot_general`.
    #[track_caller]
    #[must_use]
    pub fn dot_general(
        &self,
        other: &Tensor,
        contracting: (&[usize], &[usize]),
        batch: (&[usize], &[usize]),
    ) -> Tensor {
        let dtype = self.dtype().promote(other.dtype());
        if dtype == DType::Bool {
            // Counts in `f32` neither wrap around nor become 0.
            let [lhs, rhs] = [self, other].map(|flags| flags.convert(DType::F32));
            return lhs.dot_general(&rhs, contracting, batch).not_equal(0.0);
        }
        let dimensions = DotDimensions {
            lhs_contracting: contracting.0.into(),
            rhs_contracting: contracting.1.into(),
            lhs_batch: batch.0.into(),
            rhs_batch: batch.1.into(),
        };
        Self::apply(Op::DotGeneral(Box::new(dimensions)), [self.convert(dtype), other.convert(dtype)])
    }
}
