//! The number of arithmetic operations in a recorded computation: one exhaustive match over the operations. Knows shapes
//! only and runs nothing.

use std::iter::Sum;
use std::ops::Add;

use crate::graph::mode;
use crate::graph::node::Tensor;
use crate::graph::op::{Binary, Op, Unary, Update};
use crate::graph::{Graph, GraphNode};
use crate::transform::grad::backward;
use crate::tree::Tree;

/// The number of operations in a computation, counted as XLA's cost analysis counts them, before any optimisation.
///
/// - Elementwise operations: one per element of the result. This includes integers, comparisons, selections and
///   conversions. Roots, powers, exponentials, logarithms and the trigonometric functions count as transcendental, not
///   as FLOPs. Functions that XLA expands count as their expansion: `logistic` 3 and 1, `erfc` 62 and 1, `erf_inv` 37
///   and 2.
/// - A matrix product that sums over `k` elements: `2·k` per element of the result.
/// - A convolution: 2 for each pair of an input and a kernel element that meet. Padding and the gaps of a dilation do not
///   count.
/// - A reduction: the number of input elements minus the number of results. A cumulative sum: one per element except the
///   first. A window over `k` elements: `k - 1` per position. A sort: `n·⌈log₂ n⌉` for `n` elements in all. A scatter-add:
///   one per element added.
/// - Random bits: the 113 integer operations of threefry per element.
/// - Moving data (broadcasts, transposes, slices, gathers) is free.
///
/// XLA counts some operations differently, by its own expansion: a cumulative sum as a window over the whole axis, the
/// index of a maximum as nine operations per element, and the body of a loop once (on a CPU threefry is a loop).
///
/// ```
/// use metamlp_tensor::{Cost, F32, Tensor};
/// let (x, kernel, bias) = (Tensor::spec([16, 9], F32), Tensor::spec([9, 4], F32), Tensor::spec([4], F32));
/// let y = (x.matmul(&kernel) + &bias).tanh();
/// let cost = Cost::of(&y, &(x, kernel, bias));
/// assert_eq!(cost.flops, 2 * 16 * 4 * 9 + 16 * 4);
/// assert_eq!(cost.transcendentals, 16 * 4);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Arithmetic and logical operations.
    pub flops: u64,
    /// Transcendental functions, each of which takes several arithmetic operations.
    pub transcendentals: u64,
}

impl Cost {
    /// The cost of computing `outputs` from `inputs` and from the other tensors they depend on that have a value or are
    /// a [`spec`](Tensor::spec).
    ///
    /// Each tensor counts once, however often it is used.
    #[must_use]
    pub fn of(outputs: &impl Tree, inputs: &impl Tree) -> Self {
        Self::of_graph(&Graph::of(&inputs.tensors(), &outputs.tensors()))
    }

    /// The cost of computing `outputs` and the gradients with respect to `inputs`: the forward and the backward pass of
    /// `jax.vjp`. The cotangents of the outputs are given and cost nothing; integers and flags have none.
    ///
    /// ```
    /// use metamlp_tensor::{Cost, F32, Tensor};
    /// let (x, kernel) = (Tensor::spec([16, 9], F32), Tensor::spec([9, 4], F32));
    /// let y = x.matmul(&kernel);
    /// assert_eq!(Cost::of_vjp(&y, &(x, kernel)).flops, 3 * 2 * 16 * 9 * 4);
    /// ```
    #[must_use]
    pub fn of_vjp(outputs: &impl Tree, inputs: &impl Tree) -> Self {
        let (outputs, inputs) = (outputs.tensors(), inputs.tensors());
        let cotangents = outputs.iter().filter(|output| output.dtype().is_float());
        let cotangents: Vec<(Tensor, Tensor)> =
            cotangents.map(|output| (output.clone(), Tensor::spec(output.shape(), output.dtype()))).collect();
        let gradients = mode::deferred(|| backward(&cotangents, &inputs));
        let both = [outputs, gradients].concat();
        Self::of_graph(&Graph::of(&inputs, &both))
    }

    fn of_graph(graph: &Graph) -> Self {
        graph.nodes.iter().map(|node| Self::of_node(node, graph)).sum()
    }

    fn of_node(node: &GraphNode, graph: &Graph) -> Self {
        let elements = count(node.ty.shape.size());
        let operand = |position: usize| &graph.node(node.operands[position]).ty.shape;
        match &node.op {
            Op::Input
            | Op::Constant(_)
            | Op::Iota { .. }
            | Op::Identity
            | Op::StopGradient
            | Op::BroadcastInDim { .. }
            | Op::Reshape(_)
            | Op::Transpose(_)
            | Op::Slice(_)
            | Op::Pad(_)
            | Op::Concatenate { .. }
            | Op::Reverse { .. }
            | Op::DynamicSlice { .. }
            | Op::DynamicUpdateSlice
            | Op::Scatter { update: Update::Set, .. }
            | Op::Gather { .. } => Self::default(),

            Op::Unary(unary) => Self::of_unary(*unary).times(elements),
            Op::Binary(Binary::Pow | Binary::Atan2) => Self::new(0, 1).times(elements),
            Op::Binary(_) | Op::Compare(_) | Op::Select | Op::Convert(_) | Op::BitcastConvert(_) => {
                Self::new(1, 0).times(elements)
            }
            Op::MulAdd => Self::new(2, 0).times(elements),

            Op::Reduce { .. } | Op::ArgReduce { .. } => {
                Self::new(count(operand(0).size()).saturating_sub(elements), 0)
            }
            Op::DotGeneral(dimensions) => {
                let summed = product(dimensions.lhs_contracting.iter().map(|&axis| count(operand(0)[axis])));
                Self::new(2, 0).times(summed).times(elements)
            }
            Op::Convolution(windows) => {
                let ([batch, spatial @ .., _, features], [.., groups, out]) =
                    (&operand(0)[..], &node.ty.shape[..])
                else {
                    unreachable!("shape inference has checked the rank of a convolution");
                };
                let sizes = [batch, groups, features, out].map(|&n| count(n));
                if sizes.contains(&0) {
                    return Self::default();
                }
                let contacts = windows.iter().zip(spatial).map(|(window, &extent)| window.contacts(extent));
                Self::new(2, 0).times(product(sizes)).times(product(contacts))
            }
            Op::ReduceWindow { windows, .. } | Op::ArgReduceWindow { windows, .. } => {
                let elements = product(windows.iter().map(|window| count(window.size)));
                Self::new(elements.saturating_sub(1), 0).times(count(node.ty.shape.size()))
            }
            Op::Scatter { update: Update::Add, .. } => Self::new(count(operand(2).size()), 0),
            Op::ArgSort { .. } | Op::TopK { .. } => {
                let elements = count(operand(0).size());
                let comparisons = elements.checked_next_power_of_two().map_or(u64::BITS, u64::trailing_zeros);
                Self::new(u64::from(comparisons), 0).times(elements)
            }
            Op::CumulativeSum { axis, .. } => {
                let lines = elements.checked_div(count(node.ty.shape[*axis])).unwrap_or(0);
                Self::new(elements - lines, 0)
            }
            Op::RngBits(_) => Self::new(THREEFRY + 1, 0).times(elements),
            Op::RngSplit { .. } => Self::new(THREEFRY, 0).times(elements / 2),
        }
    }

    fn of_unary(unary: Unary) -> Self {
        match unary {
            Unary::Abs
            | Unary::Ceil
            | Unary::Floor
            | Unary::IsFinite
            | Unary::Neg
            | Unary::Not
            | Unary::RoundNearestEven
            | Unary::Sign => Self::new(1, 0),
            Unary::Cos
            | Unary::Erf
            | Unary::Exp
            | Unary::ExpM1
            | Unary::Log
            | Unary::Log1p
            | Unary::Rsqrt
            | Unary::Sin
            | Unary::Sqrt
            | Unary::Tan
            | Unary::Tanh => Self::new(0, 1),
            Unary::Logistic => Self::new(3, 1),
            Unary::Erfc => Self::new(62, 1),
            Unary::ErfInv => Self::new(37, 2),
        }
    }

    const fn new(flops: u64, transcendentals: u64) -> Self {
        Self { flops, transcendentals }
    }

    const fn times(self, n: u64) -> Self {
        Self::new(self.flops.saturating_mul(n), self.transcendentals.saturating_mul(n))
    }
}

/// Integer operations of one threefry block: 20 rounds of add, rotate (three operations) and exclusive or, and six key
/// additions to two words.
const THREEFRY: u64 = 20 * 5 + 6 * 2;

/// The product, `u64::MAX` if it is larger.
fn product(factors: impl IntoIterator<Item = u64>) -> u64 {
    let factors: Vec<u64> = factors.into_iter().collect();
    if factors.contains(&0) { 0 } else { factors.into_iter().fold(1, u64::saturating_mul) }
}

fn count(elements: usize) -> u64 {
    elements as u64
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(
            self.flops.saturating_add(other.flops),
            self.transcendentals.saturating_add(other.transcendentals),
        )
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Convolution, F32, I32, Padding, random};

    /// (FLOPs, transcendentals) of `f` on a matrix of 4 by 6.
    fn of(f: impl Fn(&Tensor) -> Tensor) -> (u64, u64) {
        let x = Tensor::spec([4, 6], F32);
        let Cost { flops, transcendentals } = Cost::of(&f(&x), &x);
        (flops, transcendentals)
    }

    #[test]
    fn counts_are_those_of_xla() {
        // The result of `jax.jit(f).lower(x).cost_analysis()` for the same function.
        assert_eq!(of(Tensor::abs), (24, 0));
        assert_eq!(of(Tensor::exp), (0, 24));
        assert_eq!(of(Tensor::rsqrt), (0, 24));
        assert_eq!(of(Tensor::logistic), (72, 24));
        assert_eq!(of(Tensor::erfc), (1488, 24));
        assert_eq!(of(Tensor::erf_inv), (888, 48));
        assert_eq!(of(|x| x / x), (24, 0));
        assert_eq!(of(|x| x.power(x)), (0, 24));
        assert_eq!(of(|x| x.less(x)), (24, 0));
        assert_eq!(of(|x| x.convert(I32)), (24, 0));
        assert_eq!(of(|x| x.t().reshape([24])), (0, 0));
        assert_eq!(of(|x| x.sum([0])), (18, 0));
        assert_eq!(of(|x| x.max([1])), (20, 0));
        assert_eq!(of(|x| x.sum([0, 1])), (23, 0));
        assert_eq!(of(|x| x.matmul(&x.t())), (192, 0));
        assert_eq!(of(|x| x.argsort(1)), (120, 0));
        let (images, kernel) = (Tensor::spec([2, 5, 5, 3], F32), Tensor::spec([3, 3, 3, 4], F32));
        for (stride, flops) in [(1, 8112), (2, 2352)] {
            let moves = Convolution::new().window_strides([stride, stride]).padding(Padding::Same);
            let convolved = images.conv_general_dilated(&kernel, &moves);
            assert_eq!(Cost::of(&convolved, &()).flops, flops);
        }
    }

    #[test]
    fn a_tensor_counts_once_and_inputs_end_the_walk() {
        let x = Tensor::spec([10], F32);
        let square = x.square();
        let twice = &square + &square;
        assert_eq!(Cost::of(&(twice.clone(), square.clone()), &x).flops, 20);
        assert_eq!(Cost::of(&twice, &square).flops, 10);
        assert_eq!(Cost::of(&x, &x).flops, 0);
    }

    #[test]
    fn a_vjp_counts_forward_and_backward() {
        let (x, w, b) = (Tensor::spec([16, 9], F32), Tensor::spec([9, 4], F32), Tensor::spec([4], F32));
        let y = x.matmul(&w) + &b;
        let product = 2 * 16 * 9 * 4;
        assert_eq!(Cost::of_vjp(&y, &(x.clone(), w.clone(), b.clone())).flops, 3 * product + 64 + 60);
        // A variable that is returned unchanged adds its own cotangent, as in Flax's tables.
        let outputs = (y, (w.clone(), b.clone()));
        assert_eq!(Cost::of_vjp(&outputs, &(x, w, b)).flops, 3620);
    }

    #[test]
    fn what_has_no_gradient_adds_nothing() {
        let x = Tensor::spec([10], F32);
        let positions = x.argsort(0);
        assert_eq!(Cost::of_vjp(&positions, &x), Cost::of(&positions, &x));
    }

    #[test]
    fn nothing_costs_nothing() {
        let empty = Tensor::spec([0, 3], F32);
        assert_eq!(Cost::of(&(empty.sum([0]), empty.argsort(0), empty.cumsum(0)), &empty).flops, 0);
    }

    #[test]
    fn random_bits_count_threefry() {
        let key = random::Key::new(0);
        let bits = random::bits(key, [10]);
        assert_eq!(Cost::of(&bits, &()).flops, 1130);
    }
}
