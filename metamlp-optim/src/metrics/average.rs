//! The mean of a stream of values.

use metamlp_tensor::{Error, F32, I32, Result, Tensor, evaluate};

use super::tree;

/// The mean of all values so far (`nnx.metrics.Average`).
///
/// ```
/// use metamlp_optim::metrics::Average;
/// use metamlp_tensor::Tensor;
/// let mean = Average::new().update(&Tensor::from_vec([2], vec![1.0f32, 2.0]))?;
/// let mean = mean.update(&Tensor::scalar(6.0f32))?;
/// assert_eq!(mean.compute().item::<f32>()?, 3.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Average {
    /// The sum of the values, `f32`, shape `[]`.
    pub total: Tensor,
    /// The number of values, `i32`, shape `[]`.
    pub count: Tensor,
}

impl Average {
    /// An empty metric.
    #[must_use]
    pub fn new() -> Self {
        Self { total: Tensor::zeros([], F32), count: Tensor::zeros([], I32) }
    }

    /// Adds `values`, numbers or `bool`s of any shape.
    ///
    /// # Errors
    /// The error that `values` carries.
    #[track_caller]
    pub fn update(&self, values: &Tensor) -> Result<Self> {
        let count = i32::try_from(values.size()).unwrap_or(i32::MAX);
        let total = values.convert(F32).sum_all();
        evaluate(Self { total: &self.total + total, count: &self.count + count })
    }

    /// Adds the `values` where `mask` (same shape) is true.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for a mask of another shape; the error that
    /// a tensor carries.
    #[track_caller]
    pub fn update_masked(&self, values: &Tensor, mask: &Tensor) -> Result<Self> {
        if mask.shape() != values.shape() {
            let expected = format!("the shape of the values, {}", values.ty());
            return Err(Error::argument("average", "mask", mask.ty(), expected));
        }
        let mask = mask.not_equal(0);
        let total = mask.select(values.convert(F32), 0.0).sum_all();
        evaluate(Self { total: &self.total + total, count: &self.count + mask.sum_all() })
    }

    /// The metric of the values of both.
    ///
    /// # Errors
    /// The error that a tensor carries.
    #[track_caller]
    pub fn merge(&self, other: &Self) -> Result<Self> {
        evaluate(Self { total: &self.total + &other.total, count: &self.count + &other.count })
    }

    /// The mean, `f32`, shape `[]`; NaN if empty.
    #[track_caller]
    #[must_use]
    pub fn compute(&self) -> Tensor {
        &self.total / self.count.convert(F32)
    }
}

tree!(Average { total, count });

impl Default for Average {
    fn default() -> Self {
        Self::new()
    }
}
