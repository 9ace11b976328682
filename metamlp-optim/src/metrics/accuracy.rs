//! Classification accuracy.

use metamlp_tensor::{Error, I32, Result, Tensor};

use super::{Average, classified, tree};

/// The fraction of examples whose largest logit is that of the label (`nnx.metrics.Accuracy`).
///
/// ```
/// use metamlp_optim::metrics::Accuracy;
/// use metamlp_tensor::Tensor;
/// let logits = Tensor::from_vec([2, 3], vec![0.0f32, 2.0, 1.0, 5.0, 1.0, 1.0]);
/// let accuracy = Accuracy::new().update(&logits, &Tensor::from_vec([2], vec![1, 2]))?;
/// assert_eq!(accuracy.compute().item::<f32>()?, 0.5);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Accuracy {
    /// The mean of 1 for a correct example and 0 for a wrong one.
    pub average: Average,
}

impl Accuracy {
    /// An empty metric.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a batch: logits `[.., classes]` and integer labels `[..]`.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for other shapes and dtypes; the error that
    /// a tensor carries.
    #[track_caller]
    pub fn update(&self, logits: &Tensor, labels: &Tensor) -> Result<Self> {
        classified("accuracy", logits, labels)?;
        Ok(Self { average: self.average.update(&is_right(logits, labels))? })
    }

    /// [`update`](Accuracy::update) with the examples where `mask` `[..]` is true.
    ///
    /// # Errors
    /// As [`update`](Accuracy::update).
    #[track_caller]
    pub fn update_masked(&self, logits: &Tensor, labels: &Tensor, mask: &Tensor) -> Result<Self> {
        classified("accuracy", logits, labels)?;
        Ok(Self { average: self.average.update_masked(&is_right(logits, labels), mask)? })
    }

    /// Adds a batch of binary examples: positive if the logit is at least `threshold`, to be compared
    /// with labels above 0. Both have the same shape.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for labels of another shape; the error that
    /// a tensor carries.
    #[track_caller]
    pub fn update_binary(&self, logits: &Tensor, labels: &Tensor, threshold: f64) -> Result<Self> {
        if labels.shape() != logits.shape() {
            let expected = format!("the shape of the logits, {}", logits.ty());
            return Err(Error::argument("accuracy", "labels", labels.ty(), expected));
        }
        let is_right = logits.greater_equal(threshold).equal(labels.greater(0));
        Ok(Self { average: self.average.update(&is_right)? })
    }

    /// The metric of the values of both.
    ///
    /// # Errors
    /// The error that a tensor carries.
    #[track_caller]
    pub fn merge(&self, other: &Self) -> Result<Self> {
        Ok(Self { average: self.average.merge(&other.average)? })
    }

    /// The accuracy, `f32`, shape `[]`; NaN if empty.
    #[track_caller]
    #[must_use]
    pub fn compute(&self) -> Tensor {
        self.average.compute()
    }
}

tree!(Accuracy { average });

fn is_right(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.argmax(-1).equal(labels.convert(I32))
}
