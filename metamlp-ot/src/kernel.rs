//! exp(−C/ε) at one ε, in the form in which it is applied: to potentials in
//! the log domain, or to scalings. Goes axis by axis, so that a grid of `n`
//! points never becomes an `n × n` matrix. Knows costs, not problems.

use metamlp::{DType, F64, Tensor, Tree};

use crate::axis_cost::AxisCost;
use crate::geometry::Over;

/// Contracts every axis in turn. An axis that has been contracted goes to the
/// end, so after the last one they are in their old order.
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
    /// ε, of shape `[]`: an input of the program, so that all ε share one.
    pub(crate) epsilon: Tensor,
}

/// One axis of it.
#[derive(Clone, Debug, Tree)]
enum LogAxis {
    /// −C/ε. The sum is taken of exponentials that are shifted pair by pair.
    Pairwise(Tensor),
    /// exp(centre − C/ε) with the centre of C/ε. The sum is a matrix product,
    /// with the exponentials shifted by their maximum to exp(shift).
    Product { matrix: Tensor, shift: Tensor, offset: Tensor },
}

impl LogKernel {
    pub(crate) fn new(axes: &[AxisCost], epsilon: f64) -> Self {
        let dtype = axes.first().map_or(F64, |axis| axis.cost.dtype());
        let epsilon_tensor = Tensor::scalar(epsilon).convert(dtype);
        let axes = axes.iter().map(|axis| LogAxis::new(axis, epsilon, dtype)).collect();
        Self { axes, epsilon: epsilon_tensor }
    }

    /// `ε · log Σ_i exp((x_i − C_ij) / ε)` over the rows `i`, `[.., n]` to
    /// `[.., m]`, or over the columns, `[.., m]` to `[.., n]`.
    pub(crate) fn log_sum_exp(&self, x: &Tensor, over: Over) -> Tensor {
        let extents: Vec<usize> = self.axes.iter().map(|axis| axis.extent(over)).collect();
        let sum = along_axes(&(x / &self.epsilon), &self.axes, &extents, |axis, y, first| {
            axis.log_sum_exp(y, first, over)
        });
        sum * &self.epsilon
    }

    /// The same kernel with another cost along one axis, pair by pair.
    pub(crate) fn with_log_factor(&self, axis: usize, log_factor: &Tensor, costs: &[AxisCost]) -> Self {
        let mut changed = self.clone();
        if let (Some(old), Some(cost)) = (changed.axes.get_mut(axis), costs.get(axis)) {
            *old = LogAxis::Pairwise(log_factor - &cost.cost / &self.epsilon);
        }
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
                // Row by row as the matrix lies in memory.
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
                // Of nothing but -inf the maximum would give inf - inf.
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

/// What the exponentials' maximum is shifted to, as an exponent, if a matrix
/// product in `dtype` gives the sums to its precision; `None` if it would not.
///
/// With costs over ε that span `range`, the matrix spans exp(±range/2), and
/// every sum that is not empty is at least exp(shift − range/2). What
/// underflows before it is multiplied is at most exp(least + range/2) after.
/// The shift is no larger than makes that negligible, since it costs digits;
/// the sums must not overflow under it.
fn product_shift(range: f64, shape: &[usize], dtype: DType) -> Option<f64> {
    // Logarithms of the largest and the smallest normal number, and of a
    // relative error that does not show.
    let (largest, least, negligible) =
        if dtype == F64 { (709.0, -708.0, -36.0) } else { (88.0, -87.0, -15.0) };
    let terms = (shape.iter().copied().max().unwrap_or(1) as f64).ln();
    let shift = (terms + least + range - negligible).max(0.0);
    (terms + shift + range / 2.0 <= largest).then_some(shift)
}

/// The kernel of scalings.
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

    /// `Σ_i x_i exp(−C_ij / ε)` over the rows `i`, or the columns.
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

    /// Costs that span exactly `range` at ε = 1, and potentials that span as much.
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
    fn a_product_gives_the_sums_of_the_pairs() {
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
    fn a_range_beyond_the_dtype_goes_pair_by_pair() {
        for (dtype, range) in [(F32, 110.0), (F64, 1000.0), (F64, f64::INFINITY)] {
            assert_eq!(product_shift(range, &[28, 28], dtype), None, "{dtype} {range}");
        }
    }

    #[test]
    fn atoms_that_are_not_there_count_nothing() {
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
