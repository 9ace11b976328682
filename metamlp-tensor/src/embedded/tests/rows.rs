//! Random programs that share rows: statistics over the inner axes are applied to the elements, as in softmax and
//! normalisations, several times, and with gradients.

use proptest::prelude::*;

use super::{Choices, bits, numbers, programs};
use crate::embedded::compile;
use crate::graph::Graph;
use crate::graph::mode;
use crate::graph::op::Reduction;
use crate::graph::recording::Recording;
use crate::memory::buffer::Buffer;
use crate::oracle;
use crate::shape::Type;
use crate::{BF16, DType, F32, F64, I32, Tensor, grad};

/// A value of the shape of `x` that depends on whole rows of `x`; a row is the last `axes` axes.
pub(super) fn by_rows(choices: &mut Choices, x: &Tensor, along: &[Tensor], axes: &[isize]) -> Tensor {
    let is_float = x.dtype().is_float();
    match choices.next(11) {
        0 if is_float => {
            let exp = (x - extremum(x, Reduction::Max, axes)).exp();
            &exp / exp.sum_keepdims(axes)
        }
        1 if is_float => {
            // The difference below cancels for large elements with a small variance, in another way for each order of
            // summation. Within these bounds it is exact enough.
            let x = &x.clamp(-4.0, 4.0);
            let mean = x.mean_keepdims(axes);
            let variance = (x.square().mean_keepdims(axes) - mean.square()).maximum(0);
            (x - mean) * ((variance + 0.5).rsqrt() * &along[0]) + &along[1]
        }
        2 if is_float => x - (x - extremum(x, Reduction::Max, axes)).exp().sum_keepdims(axes).log(),
        3 => x - extremum(x, Reduction::Min, axes),
        4 => x * &along[0] + x.sum_keepdims(axes),
        5 => x.equal(extremum(x, Reduction::Max, axes)).select(&along[1], x),
        6 => x.maximum(x.sum_keepdims(axes)) - &along[0],
        // A row need not read the elements that follow those of the row before.
        7 => x.greater(&along[2]).select(x, &along[2]) + extremum(x, Reduction::Max, axes),
        8 => {
            let position = |choices: &mut Choices| Tensor::iota(x.shape(), choices.next(x.rank()), I32);
            let is_seen = position(choices).greater_equal(position(choices));
            let x = is_seen.select(x, &along[1]);
            &x - extremum(&x, Reduction::Max, axes)
        }
        9 => (x + extremum(x, Reduction::Max, axes)).minimum(x.sum_keepdims([-1]).maximum(&along[1])),
        _ => x * 0.5 + along[0].maximum(x),
    }
}

/// The extremum over `axes`, kept with extent 1. Rows may be empty, which the methods of `Tensor` refuse.
fn extremum(x: &Tensor, kind: Reduction, axes: &[isize]) -> Tensor {
    x.reduce(kind, "extremum", axes).reshape(x.sum_keepdims(axes).shape())
}

/// A few such steps in sequence, with intermediate values as outputs; or the gradients of a loss.
fn program(seed: u64, largest: usize) -> (Graph, Vec<Buffer>) {
    let mut choices = Choices(seed);
    let with_gradient = choices.next(3) == 0;
    let dtype = if with_gradient { F64 } else { choices.pick(&[F64, F64, F32, I32, BF16]) };
    let rank = 1 + choices.next(4);
    let extent = |choices: &mut Choices| match choices.next(14) {
        0 => 1,
        1 if choices.next(5) == 0 => 0,
        _ => 1 + choices.next(largest),
    };
    let shape: Vec<usize> = (0..rank).map(|_| extent(&mut choices)).collect();
    let kept = choices.next(rank);
    let axes: Vec<isize> = (kept..rank).map(usize::cast_signed).collect();
    let mut repeated = shape.clone();
    repeated[choices.next(rank)] = 1;
    // Over all axes, some of the inner axes, the last one, all but one.
    let types =
        [&shape[..], &shape[kept..], &shape[rank - 1..], &repeated[..]].map(|shape| Type::new(shape, dtype));
    let inputs: Vec<Buffer> = types.iter().map(|ty| choices.values(ty)).collect();
    let arguments: Vec<Tensor> = types.into_iter().map(|ty| Tensor::placeholder(ty, None)).collect();
    let steps = 1 + choices.next(4);
    let start = choices.0;
    let run = |arguments: &[Tensor]| {
        let (mut choices, mut x, mut seen) = (Choices(start), arguments[0].clone(), Vec::new());
        for _ in 0..steps {
            x = by_rows(&mut choices, &x, &arguments[1..], &axes);
            if choices.next(4) == 0 {
                seen.push(x.clone());
            }
            if choices.next(4) == 0 {
                seen.push(x.sum(&axes));
            }
        }
        seen.push(x);
        seen
    };
    let loss = |arguments: &Vec<Tensor>| {
        let zero = Tensor::zeros([], dtype);
        Ok(run(arguments).iter().map(|found| found.tanh().sum_all()).fold(zero, |a, b| a + b))
    };
    let outputs = if with_gradient {
        mode::deferred(|| grad(&arguments, loss)).unwrap()
    } else {
        mode::deferred(|| Ok::<_, crate::Error>(run(&arguments))).unwrap()
    };
    assert!(outputs.iter().all(|output| output.error().is_none()));
    (Recording::of(&arguments, &outputs).graph().unwrap(), inputs)
}

/// The difference that another order of summation can make.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        F64 => 1e-9,
        F32 => 1e-3,
        BF16 => 0.2,
        _ => 0.0,
    }
}

pub(super) fn check(graph: &Graph, inputs: &[Buffer]) -> Result<(), TestCaseError> {
    let expected = oracle::run(graph, inputs.to_vec());
    let executable = compile(graph);
    let found = executable.run(inputs.to_vec()).unwrap();
    for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
        let tolerance = tolerance(expected.dtype());
        let (expected, found) = (numbers(expected), numbers(found));
        prop_assert_eq!(expected.len(), found.len());
        let largest = expected.iter().filter(|x| x.is_finite()).fold(1.0f64, |a, b| a.max(b.abs()));
        for (x, y) in expected.iter().zip(&found) {
            let agrees = x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * largest;
            prop_assert!(agrees, "output {number}: {x} became {y} in\n{graph}\nas\n{executable}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(programs(1000))]

    #[test]
    fn small_rows_have_the_oracles_values(seed: u64) {
        let (graph, inputs) = program(seed, 6);
        check(&graph, &inputs)?;
    }
}

proptest! {
    #![proptest_config(programs(60))]

    #[test]
    fn longer_rows_have_the_oracles_values(seed: u64) {
        let (graph, inputs) = program(seed, 23);
        check(&graph, &inputs)?;
    }

    #[test]
    fn threads_change_no_bit_of_rows(seed: u64) {
        let (graph, inputs) = program(seed, 30);
        let executable = compile(&graph);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| executable.run(inputs.clone()).unwrap()).iter().map(bits).collect::<Vec<_>>()
        };
        let one = with(1);
        prop_assert_eq!(&one, &with(2));
        prop_assert_eq!(&one, &with(3));
    }
}

/// The lines of the plan of `f` for a tensor of this shape.
fn plan(shape: &[usize], f: impl Fn(&Tensor) -> Tensor) -> Vec<String> {
    let x = Tensor::placeholder(Type::new(shape, F32), None);
    let output = mode::deferred(|| Ok::<_, crate::Error>(f(&x))).unwrap();
    let graph = Recording::of(&[x], &[output]).graph().unwrap();
    compile(&graph).to_string().lines().map(str::to_owned).collect()
}

#[test]
fn what_looks_at_its_own_row_is_one_step() {
    let softmax = plan(&[40, 100], |x| x.softmax(-1));
    assert_eq!(softmax.len(), 2, "{softmax:#?}");
    let loss = plan(&[8, 4, 10, 10], |x| (x.log_softmax(-1) * x.tanh()).sum([-1]));
    assert_eq!(loss.len(), 2, "{loss:#?}");
    let twice = plan(&[40, 100], |x| (x - x.mean_keepdims([1])).softmax(1));
    assert_eq!(twice.len(), 2, "{twice:#?}");
    // The mask is computed once, for all batches and heads.
    let masked = plan(&[3, 4, 10, 100], |x| {
        let position = |axis| Tensor::iota([10, 100], axis, I32);
        position(0).greater_equal(position(1)).select(x, f64::from(f32::MIN)).softmax(-1)
    });
    assert_eq!(masked.len(), 3, "{masked:#?}");
    // A softmax over columns does not run by rows.
    let columns = plan(&[40, 100], |x| x - x.mean_keepdims([0]));
    assert!(columns.len() > 2, "{columns:#?}");
}

#[test]
fn what_looks_at_its_own_long_row_is_one_kernel() {
    let softmax = plan(&[40, 100], |x| x.softmax(-1));
    assert!(softmax[0].contains("40 rows by 1: map"), "{softmax:#?}");
    let normalized = plan(&[4, 10, 100], |x| {
        let mean = x.mean_keepdims([2]);
        let variance = x.square().mean_keepdims([2]) - mean.square();
        (x - mean) * (variance + 1e-6).rsqrt()
    });
    assert!(normalized[0].contains("40 rows by 1: map"), "{normalized:#?}");
    // A block has several short rows.
    let short = plan(&[40, 4], |x| x.softmax(-1));
    assert!(short[0].contains(": reduce"), "{short:#?}");
}
