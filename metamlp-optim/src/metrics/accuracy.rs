//! How often the largest logit was right.

use metamlp_tensor::{Error, I32, Result, Tensor};

use super::{Average, classified, tree};

/// The part of the examples that were classified rightly (`nnx.metrics.Accuracy`).
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
    /// The mean of 1 for right and 0 for wrong.
    pub average: Average,
}

impl Accuracy {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With examples of logits `[.., classes]` and labels `[..]`, integers, besides.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for other shapes and
    /// dtypes; the error that a tensor carries.
    #[track_caller]
    pub fn update(&self, logits: &Tensor, labels: &Tensor) -> Result<Self> {
        classified("accuracy", logits, labels)?;
        Ok(Self { average: self.average.update(&is_right(logits, labels))? })
    }

    /// [`update`](Accuracy::update) with those examples where `mask`, `[..]`, is true.
    ///
    /// # Errors
    /// As [`update`](Accuracy::update).
    #[track_caller]
    pub fn update_masked(&self, logits: &Tensor, labels: &Tensor, mask: &Tensor) -> Result<Self> {
        classified("accuracy", logits, labels)?;
        Ok(Self { average: self.average.update_masked(&is_right(logits, labels), mask)? })
    }

    /// With yes-or-no examples besides: a logit of `threshold` or more is a yes, as
    /// is a label above 0; both of one shape.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for labels of another
    /// shape; the error that a tensor carries.
    #[track_caller]
    pub fn update_binary(&self, logits: &Tensor, labels: &Tensor, threshold: f64) -> Result<Self> {
        if labels.shape() != logits.shape() {
            let expected = format!("of the shape of the logits, {}", logits.ty());
            return Err(Error::argument("accuracy", "labels", labels.ty(), expected));
        }
        let is_right = logits.greater_equal(threshold).equal(labels.greater(0));
        Ok(Self { average: self.average.update(&is_right)? })
    }

    /// Of what both have seen.
    ///
    /// # Errors
    /// The error that a tensor carries.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        Ok(Self { average: self.average.merge(&other.average)? })
    }

    /// The part that was right, `f32` of shape `[]`; NaN of nothing.
    #[must_use]
    pub fn compute(&self) -> Tensor {
        self.average.compute()
    }
}

tree!(Accuracy { average });

fn is_right(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.argmax(-1).equal(labels.convert(I32))
}
