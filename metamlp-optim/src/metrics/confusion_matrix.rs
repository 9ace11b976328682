//! Confusion matrix.

use metamlp_tensor::{Error, F32, I32, Result, Tensor, evaluate};

use super::{classified, tree};

/// The number of examples for each pair of label and prediction.
///
/// ```
/// use metamlp_optim::metrics::ConfusionMatrix;
/// use metamlp_tensor::Tensor;
/// let logits = Tensor::from_vec([3, 2], vec![9.0f32, 0.0, 9.0, 0.0, 0.0, 9.0]);
/// let matrix = ConfusionMatrix::new(2).update(&logits, &Tensor::from_vec([3], vec![0, 1, 1]))?;
/// assert_eq!(matrix.compute().to_vec::<i32>()?, [1, 0, 1, 1]);
/// assert_eq!(matrix.recall().to_vec::<f32>()?, [1.0, 0.5]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConfusionMatrix {
    /// Counts by label (row) and prediction (column), `i32[classes, classes]`.
    pub counts: Tensor,
}

impl ConfusionMatrix {
    /// An empty metric.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { counts: Tensor::zeros([classes, classes], I32) }
    }

    /// Adds a batch: logits `[.., classes]` and integer labels `[..]`.
    /// An example with a label outside of the classes is not counted.
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) for other shapes and dtypes; the error that
    /// a tensor carries.
    #[track_caller]
    pub fn update(&self, logits: &Tensor, labels: &Tensor) -> Result<Self> {
        let classes = classified("confusion_matrix", logits, labels)?;
        if self.counts.shape() != [classes, classes] {
            let own = self.counts.shape().first().copied().unwrap_or_default();
            let expected = format!("{own} classes, as in the matrix");
            return Err(Error::argument("confusion_matrix", "logits", logits.ty(), expected));
        }
        let rows = |indices: &Tensor| indices.reshape([labels.size()]).one_hot(classes);
        let (labels, predictions) = (rows(labels), rows(&logits.argmax(-1)));
        // A sum of ones: exact in `f32` for batches up to 2^24 examples.
        let counts = labels.t().matmul(&predictions).convert(I32);
        evaluate(Self { counts: &self.counts + counts })
    }

    /// The metric of the values of both.
    ///
    /// # Errors
    /// Matrices with different numbers of classes; the error that a tensor carries.
    #[track_caller]
    pub fn merge(&self, other: &Self) -> Result<Self> {
        evaluate(Self { counts: &self.counts + &other.counts })
    }

    /// The counts, `i32[classes, classes]`: row the label, column the prediction.
    #[track_caller]
    #[must_use]
    pub fn compute(&self) -> Tensor {
        self.counts.clone()
    }

    /// Recall per class, `f32[classes]`: correct examples divided by the examples with that label; NaN
    /// if there are none.
    #[track_caller]
    #[must_use]
    pub fn recall(&self) -> Tensor {
        self.right_per(1)
    }

    /// Precision per class, `f32[classes]`: correct examples divided by the examples predicted as that
    /// class; NaN if there are none.
    #[track_caller]
    #[must_use]
    pub fn precision(&self) -> Tensor {
        self.right_per(0)
    }

    /// The right predictions of each class, divided by the sums of the counts along `axis`.
    #[track_caller]
    fn right_per(&self, axis: isize) -> Tensor {
        let &[rows, columns] = self.counts.shape() else { return self.not_square() };
        if rows != columns {
            return self.not_square();
        }
        let right = (self.counts.convert(F32) * Tensor::eye(rows, F32)).sum([1]);
        right / self.counts.sum([axis]).convert(F32)
    }

    #[track_caller]
    fn not_square(&self) -> Tensor {
        let error = Error::argument("confusion_matrix", "counts", self.counts.ty(), "a square matrix");
        self.counts.poisoned_like(error)
    }
}

tree!(ConfusionMatrix { counts });
