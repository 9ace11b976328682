//! Mean and standard deviation of a stream of values.

use metamlp_tensor::{F32, I32, Result, Tensor, evaluate};

use super::tree;

/// Mean and standard deviation of all values so far, without the loss of precision of sums of squares
/// (`nnx.metrics.Welford`).
///
/// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances" (1979), after Welford, "Note on a method for calculating corrected sums of
/// squares and products" (1962).
///
/// ```
/// use metamlp_optim::metrics::Welford;
/// use metamlp_tensor::Tensor;
/// let values = Welford::new().update(&Tensor::from_vec([2], vec![1.0f32, 5.0]))?;
/// let statistics = values.compute();
/// assert_eq!(statistics.mean.item::<f32>()?, 3.0);
/// assert_eq!(statistics.standard_deviation.item::<f32>()?, 2.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Welford {
    /// The number of values, `i32`, shape `[]`.
    pub count: Tensor,
    /// Their mean, `f32`, shape `[]`.
    pub mean: Tensor,
    /// The sum of the squared distances from the mean, `f32`, shape `[]`.
    pub m2: Tensor,
}

/// The result of [`Welford::compute`], each `f32` of shape `[]`.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// The mean.
    pub mean: Tensor,
    /// The standard deviation divided by the root of the number of values.
    pub standard_error_of_mean: Tensor,
    /// The population standard deviation.
    pub standard_deviation: Tensor,
}

impl Welford {
    /// An empty metric.
    #[must_use]
    pub fn new() -> Self {
        let zero = || Tensor::zeros([], F32);
        Self { count: Tensor::zeros([], I32), mean: zero(), m2: zero() }
    }

    /// Adds `values`, numbers of any shape.
    ///
    /// # Errors
    /// The error that `values` carries.
    #[track_caller]
    pub fn update(&self, values: &Tensor) -> Result<Self> {
        if values.size() == 0 {
            return evaluate((self.clone(), values.clone())).map(|(own, _)| own);
        }
        let values = values.convert(F32);
        let count = i32::try_from(values.size()).unwrap_or(i32::MAX);
        let m2 = values.var_all() * f64::from(count);
        self.merge(&Self { count: Tensor::full([], count, I32), mean: values.mean_all(), m2 })
    }

    /// The metric of the values of both.
    ///
    /// # Errors
    /// The error that a tensor carries.
    #[track_caller]
    pub fn merge(&self, other: &Self) -> Result<Self> {
        let count = &self.count + &other.count;
        // With no values, 0 and not NaN.
        let part = other.count.convert(F32) / count.maximum(1).convert(F32);
        let delta = &other.mean - &self.mean;
        let mean = &self.mean + &delta * &part;
        let m2 = &self.m2 + &other.m2 + delta.square() * part * self.count.convert(F32);
        evaluate(Self { count, mean, m2 })
    }

    /// The statistics; NaN if empty.
    #[track_caller]
    #[must_use]
    pub fn compute(&self) -> Statistics {
        let count = self.count.convert(F32);
        let standard_deviation = (&self.m2 / &count).sqrt();
        // The mean of no values is NaN too.
        let mean = count.greater(0.0).select(&self.mean, f64::NAN);
        Statistics { mean, standard_error_of_mean: &standard_deviation / count.sqrt(), standard_deviation }
    }
}

tree!(Welford { count, mean, m2 });
tree!(Statistics { mean, standard_error_of_mean, standard_deviation });

impl Default for Welford {
    fn default() -> Self {
        Self::new()
    }
}
