//! The kernel exp(−C/ε) at one ε, applied to potentials in the log domain or to
//! scalings. It is applied axis by axis, so that a grid of `n` points never needs
//! an `n × n` matrix. Knows costs, not problems.

use metamlp::{DType, F64, Tensor, Tree};

use crate::geometry::axis_cost::AxisCost;
use crate::geometry::over::Over;

/// Contracts every axis in turn. A contracted axis becomes the last one, so that
/// after all contractions the axes are in their original order.
fn along_axes<A>(
    x: &Tensor,
    axes: &[A],
    extents: &[usize],
    apply: impl Fn(&A, &Tensor, usize) -> Tensor,
) -> Tensor {
    let batch = &x.shape()[..x.rank() - 1];
    let unfolded: Vec<usize> = batch.iter().chain(extents).copied().collect();
    let y = axes.iter().fold(x.reshape(unfolded), |y, axis| apply(axis, &y, batch.len()));
    let n = y.shape()[batch.len()..].iter().product();
    let folded: Vec<usize> = batch.iter().copied().chain([n]).collect();
    y.reshape(folded)
}

/// The log-domain kernel.
#[derive(Clone, Debug, Tree)]
pub(crate) struct LogKernel {
    axes: Vec<LogAxis>,
    /// ε, of shape `[]`: an input of the program, so that all ε share one program.
    pub(crate) epsilon: Tensor,
}

/// The log-domain kernel along one axis.
#[derive(Clone, Debug, Tree)]
enum LogAxis {
    /// −C/ε. The log-sum-exp subtracts the maximum of each sum.
    Pairwise(Tensor),
    /// `matrix` is exp(centre − C/ε), where `centre` is the middle of the range of
    /// C/ε. The sum is a matrix product with the exponentials of the potential,
    /// scaled so that the largest is exp(shift). `offset` is −shift − centre.
    Product { matrix: Tensor, shift: Tensor, offset: Tensor },
}

impl LogKernel {
    pub(crate) fn new(axes: &[AxisCost], epsilon: f64) -> Self {
        let dtype = axes[0].cost.dtype();
        let epsilon_tensor = Tensor::scalar(epsilon).convert(dtype);
        let axes = axes.iter().map(|axis| LogAxis::new(axis, epsilon, dtype)).collect();
        Self { axes, epsilon: epsilon_tensor }
    }

    /// Returns `ε · log Σ_i exp((x_i − C_ij) / ε)` over the rows `i`, `[.., n]` to
    /// `[.., m]`, or over the columns, `[.., m]` to `[.., n]`.
    pub(crate) fn log_sum_exp(&self, x: &Tensor, over: Over) -> Tensor {
        let extents: Vec<usize> = self.axes.iter().map(|axis| axis.extent(over)).collect();
        let sum = along_axes(&(x / &self.epsilon), &self.axes, &extents, |axis, y, first| {
            axis.log_sum_exp(y, first, over)
        });
        sum * &self.epsilon
    }

    /// The same kernel multiplied by exp(log_factor) along one axis.
    pub(crate) fn with_log_factor(&self, axis: usize, log_factor: &Tensor, costs: &[AxisCost]) -> Self {
        let mut changed = self.clone();
        changed.axes[axis] = LogAxis::Pairwise(log_factor - &costs[axis].cost / &self.epsilon);
        changed
    }
}

impl LogAxis {
    fn new(axis: &AxisCost, epsilon: f64, dtype: DType) -> Self {
        let scaled = &axis.cost / Tensor::scalar(epsilon).convert(dtype);
        let range = (axis.max - axis.min) / epsilon;
        match product_shift(range, axis.cost.shape(), dtype) {
            None => Self::Pairwise(-scaled),
            Some(shift) => {
                let centre = 0.5 * (axis.max + axis.min) / epsilon;
                let scalar = |value: f64| Tensor::scalar(value).convert(dtype);
                Self::Product {
                    matrix: (scalar(centre) - scaled).exp(),
                    shift: scalar(shift),
                    offset: scalar(-shift - centre),
                }
            }
        }
    }

    fn matrix(&self) -> &Tensor {
        match self {
            Self::Pairwise(matrix) | Self::Product { matrix, .. } => matrix,
        }
    }

    fn extent(&self, over: Over) -> usize {
        self.matrix().shape()[over.axis()]
    }

    /// Contracts the axis `first` of `y`.
    fn log_sum_exp(&self, y: &Tensor, first: usize, over: Over) -> Tensor {
        let axis = first.cast_signed();
        match self {
            Self::Pairwise(scaled) if over == Over::Columns && y.rank() == first + 1 => {
                // The sum is over the contiguous axis of the matrix.
                (y.expand_dims(axis) + scaled).logsumexp([-1])
            }
            Self::Pairwise(scaled) => {
                let scaled = if over == Over::Columns { scaled.t() } else { scaled.clone() };
                let mut shape = vec![1; y.rank() - first + 1];
                shape[0] = scaled.shape()[0];
                shape[y.rank() - first] = scaled.shape()[1];
                (y.expand_dims(-1) + scaled.reshape(shape)).logsumexp([axis])
            }
            Self::Product { matrix, shift, offset } => {
                let max = y.max_keepdims([axis]).stop_gradient();
                // If all entries are -inf, subtracting the maximum would give NaN.
                let max = max.is_finite().select(&max, 0.0);
                let exponentials = (y - &max + shift).exp();
                let sum = exponentials.dot_general(matrix, (&[first], &[over.axis()]), (&[], &[]));
                let is_empty = sum.equal(0.0);
                let log = is_empty.select(1.0, sum).log() + (max.squeeze(axis).expand_dims(-1) + offset);
                is_empty.select(f64::NEG_INFINITY, log)
            }
        }
    }
}

/// The exponent that the largest exponential is scaled to, if a matrix product in
/// `dtype` gives the sums to full precision; `None` if it does not.
///
/// If C/ε spans `range`, the elements of the matrix lie between exp(±range/2), and
/// every sum with a finite term is at least exp(shift − range/2). A term that
/// underflows before the product would contribute at most exp(least + range/2).
/// The shift is the smallest that makes this negligible, because a larger one
/// costs digits. The sums must not overflow.
fn product_shift(range: f64, shape: &[usize], dtype: DType) -> Option<f64> {
    // Logarithms of the largest and the smallest normal number and of a
    // negligible relative error.
    let (largest, least, negligible) =
        if dtype == F64 { (709.0, -708.0, -36.0) } else { (88.0, -87.0, -15.0) };
    let terms = shape.iter().copied().max().expect("a cost has two axes");
    let terms = (terms as f64).ln();
    let shift = (terms + least + range - negligible).max(0.0);
    (terms + shift + range / 2.0 <= largest).then_some(shift)
}

/// The kernel that is applied to scalings.
#[derive(Clone, Debug, Tree)]
pub(crate) struct ScalingKernel {
    axes: Vec<Tensor>,
}

impl ScalingKernel {
    pub(crate) fn new(axes: &[AxisCost], epsilon: f64) -> Self {
        let axes = axes.iter().map(|axis| {
            let epsilon = Tensor::scalar(epsilon).convert(axis.cost.dtype());
            (-(&axis.cost / epsilon)).exp()
        });
        Self { axes: axes.collect() }
    }

    /// Returns `Σ_i x_i exp(−C_ij / ε)` over the rows `i`, or over the columns.
    pub(crate) fn apply(&self, x: &Tensor, over: Over) -> Tensor {
        let extents: Vec<usize> = self.axes.iter().map(|axis| axis.shape()[over.axis()]).collect();
        along_axes(x, &self.axes, &extents, |axis, y, first| {
            y.dot_general(axis, (&[first], &[over.axis()]), (&[], &[]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metamlp_tensor::F32;

    /// Costs that span exactly `range` at ε = 1, and potentials of the same range.
    fn case(range: f64, dtype: DType) -> (Vec<AxisCost>, Tensor) {
        let n = 28;
        let at = Tensor::linspace(0.0, 1.0, n).convert(F64);
        let cost = (at.expand_dims(1) - &at).square() * range;
        let x = (&at * 37.0).sin() * range;
        (vec![AxisCost::new("cost", cost.convert(dtype)).unwrap()], x.convert(dtype))
    }

    fn difference(x: &Tensor, y: &Tensor) -> f64 {
        (x.convert(F64) - y.convert(F64)).abs().max_all().item::<f64>().unwrap()
    }

    #[test]
    fn a_product_gives_the_pairwise_sums() {
        for (dtype, ranges, tolerance) in [(F32, [0.5, 30.0, 101.0], 3e-5), (F64, [1.0, 100.0, 890.0], 1e-12)]
        {
            for range in ranges {
                let (axes, x) = case(range, dtype);
                let kernel = LogKernel::new(&axes, 1.0);
                assert!(matches!(kernel.axes[0], LogAxis::Product { .. }), "{dtype} {range}");
                let pairwise = kernel.with_log_factor(0, &axes[0].cost.zeros_like(), &axes);
                for over in [Over::Rows, Over::Columns] {
                    let (product, pairs) = (kernel.log_sum_exp(&x, over), pairwise.log_sum_exp(&x, over));
                    let error = difference(&product, &pairs);
                    assert!(error <= tolerance * range.max(1.0), "{dtype} {range}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn a_range_beyond_the_dtype_is_summed_pairwise() {
        for (dtype, range) in [(F32, 110.0), (F64, 1000.0), (F64, f64::INFINITY)] {
            assert_eq!(product_shift(range, &[28, 28], dtype), None, "{dtype} {range}");
        }
    }

    #[test]
    fn atoms_without_mass_do_not_count() {
        for range in [10.0, 1000.0] {
            let (axes, x) = case(range, F32);
            let kernel = LogKernel::new(&axes, 1.0);
            let gone = Tensor::full([28], f64::NEG_INFINITY, F32);
            let all_gone = kernel.log_sum_exp(&gone, Over::Rows).to_vec::<f32>().unwrap();
            assert_eq!(all_gone, [f32::NEG_INFINITY; 28]);
            let first = Tensor::arange(28, F32).equal(0.0);
            let only_first = kernel.log_sum_exp(&first.select(&x, f64::NEG_INFINITY), Over::Rows);
            let expected = x.index(0) - axes[0].cost.index(0);
            assert!(difference(&only_first, &expected) <= 1e-4 * range, "{range}");
        }
    }
}
