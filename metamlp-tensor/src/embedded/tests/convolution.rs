//! Random convolutions: in each layout that gradients use, with few and with many groups, of one block of windows and of
//! several.

use proptest::prelude::*;

use super::{Choices, bits, check, node, numbers, programs, window};
use crate::dtype::DType;
use crate::graph::infer::infer;
use crate::graph::op::{Binary, Comparison, Op, Reduction, Unary};
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;
use crate::oracle;
use crate::shape::{Axes, Type};
use crate::window::WindowAxis;

/// An input whose axes are stored in another order than they are used in, some of them reversed.
pub(super) fn operand(
    choices: &mut Choices,
    graph: &mut Graph,
    shape: &[usize],
    dtype: DType,
) -> (Id, Buffer) {
    let rank = shape.len();
    let mut order: Axes = (0..rank).collect();
    if choices.next(2) == 0 {
        for i in (1..rank).rev() {
            order.swap(i, choices.next(i + 1));
        }
    }
    let mut stored = Axes::from_elem(0, rank);
    for (axis, &place) in order.iter().enumerate() {
        stored[place] = shape[axis];
    }
    let ty = Type::new(&stored, dtype);
    let values = choices.values(&ty);
    let mut id = graph.push(node(Op::Input, &[], ty));
    if choices.next(3) == 0 {
        let axes = choices.subset(rank);
        let ty = graph.node(id).ty.clone();
        id = graph.push(node(Op::Reverse { axes }, &[id], ty));
    }
    id = graph.push(node(Op::Transpose(order), &[id], Type::new(shape, dtype)));
    (id, values)
}

/// A convolution that gives at least one window.
fn program(seed: u64, largest: usize) -> (Graph, Vec<Buffer>) {
    let mut choices = Choices(seed);
    loop {
        let spatial = choices.next(4);
        let some = |choices: &mut Choices, most: usize| 1 + choices.next(most);
        let groups = choices.pick(&[1, 1, 1, 2, 3, 8, 17, 33]);
        let most = if groups > 3 { 4 } else { largest };
        let batch = some(&mut choices, largest);
        // Extents that fill a panel of the kernel, and extents that do not.
        let channels = |choices: &mut Choices| {
            let few = some(choices, most);
            if groups > 3 { few } else { choices.pick(&[few, few, 1, 3, 8, 17, 32, 33, 64]) }
        };
        let (features, out) = (channels(&mut choices), channels(&mut choices));
        let extents: Axes = (0..spatial).map(|_| some(&mut choices, largest)).collect();
        let windows: Vec<WindowAxis> = (0..spatial)
            .map(|_| {
                let size = some(&mut choices, 4);
                window(&mut choices, size)
            })
            .collect();
        let dtype = choices.pick(&[DType::F32, DType::F32, DType::F64, DType::I32]);
        let mut graph = Graph::default();
        let shape: Axes = [batch].into_iter().chain(extents).chain([groups, features]).collect();
        let kernel: Axes = windows.iter().map(|window| window.size).chain([groups, features, out]).collect();
        let (x, x_values) = operand(&mut choices, &mut graph, &shape, dtype);
        let (w, w_values) = operand(&mut choices, &mut graph, &kernel, dtype);
        let op = Op::Convolution(windows.into());
        let Ok(ty) = infer(&op, &[&graph.node(x).ty, &graph.node(w).ty]) else { continue };
        let products = ty.shape.size() * kernel.iter().product::<usize>() / (groups * out);
        if ty.shape.size() == 0 || products > 1_000_000 {
            continue;
        }
        graph.outputs = vec![graph.push(node(op, &[x, w], ty))];
        return (graph, vec![x_values, w_values]);
    }
}

proptest! {
    #![proptest_config(programs(600))]

    #[test]
    fn convolutions_have_the_oracles_values(seed: u64) {
        let (graph, inputs) = program(seed, 6);
        check(&graph, &inputs)?;
    }
}

proptest! {
    #![proptest_config(programs(30))]

    #[test]
    fn threads_change_no_bit_of_a_convolution(seed: u64) {
        let (graph, inputs) = program(seed, 14);
        let executable = crate::embedded::compile(&graph);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| executable.run(inputs.clone()).unwrap())
        };
        let one = with(1);
        for threads in [2, 3] {
            prop_assert_eq!(bits(&one[0]), bits(&with(threads)[0]));
        }
    }
}

/// Adds a few elementwise operations on the convolution, and perhaps other readers. The sums are short enough to be exact.
fn follow(choices: &mut Choices, graph: &mut Graph, inputs: &mut Vec<Buffer>) {
    let convolution = graph.outputs[0];
    let ty = graph.node(convolution).ty.clone();
    let rank = ty.shape.len();
    let mut last = convolution;
    for _ in 0..1 + choices.next(4) {
        let (op, operands) = match choices.next(6) {
            0 | 1 => {
                // A bias, or an operand along some other axes.
                let axes =
                    if choices.next(2) == 0 { [rank - 1].as_slice().into() } else { choices.subset(rank) };
                let shape: Axes = axes.iter().map(|&axis| ty.shape[axis]).collect();
                let own = Type::new(shape, ty.dtype);
                inputs.push(choices.values(&own));
                let input = graph.push(node(Op::Input, &[], own));
                let op = Op::BroadcastInDim { shape: ty.shape.clone(), axes };
                let broadcast = graph.push(node(op, &[input], ty.clone()));
                (Op::Binary(Binary::Add), vec![last, broadcast])
            }
            2 => (Op::Binary(Binary::Max), vec![convolution, last]),
            3 => {
                // An operand that depends on the convolution.
                let axes: Axes = choices.subset(rank);
                let kept: Axes = (0..rank).filter(|axis| !axes.contains(axis)).collect();
                let op = Op::Reduce { kind: Reduction::Max, axes };
                let reduced = infer(&op, &[&ty]).unwrap();
                let reduced = graph.push(node(op, &[convolution], reduced));
                let op = Op::BroadcastInDim { shape: ty.shape.clone(), axes: kept };
                let broadcast = graph.push(node(op, &[reduced], ty.clone()));
                (Op::Binary(Binary::Sub), vec![last, broadcast])
            }
            4 => {
                let operands = [last, convolution];
                let negative = infer(&Op::Compare(Comparison::Le), &[&ty, &ty]).unwrap();
                let negative = graph.push(node(Op::Compare(Comparison::Le), &operands, negative));
                if choices.next(3) == 0 {
                    graph.outputs.push(negative);
                }
                (Op::Select, vec![negative, last, convolution])
            }
            _ => (Op::Unary(Unary::Neg), vec![last]),
        };
        last = graph.push(node(op, &operands, ty.clone()));
    }
    if choices.next(2) == 0 {
        graph.outputs.clear();
    }
    graph.outputs.push(last);
}

proptest! {
    #![proptest_config(programs(400))]

    #[test]
    fn what_follows_a_convolution_has_the_oracles_values(seed: u64, largest in 3usize..9) {
        let (mut graph, mut inputs) = program(seed, largest);
        let mut choices = Choices(seed ^ 1);
        follow(&mut choices, &mut graph, &mut inputs);
        let expected = oracle::run(&graph, inputs.clone());
        for executable in [crate::embedded::compile(&graph), super::Executable::new(graph.clone())] {
            let found = executable.run(inputs.clone()).unwrap();
            for (expected, found) in expected.iter().zip(&found) {
                prop_assert_eq!(bits(expected), bits(found), "{}\nas\n{}", graph, executable);
            }
        }
    }
}

/// Windows that move along some of the axes, but not along the first.
fn pool(choices: &mut Choices, graph: &mut Graph, operand: Id) -> Option<Id> {
    let ty = graph.node(operand).ty.clone();
    let windows: Vec<WindowAxis> = (0..ty.shape.len())
        .map(|axis| match choices.next(5) {
            0..=1 if axis > 0 => WindowAxis { stride: 2, ..WindowAxis::new(2) },
            2 if axis > 0 => window(choices, 3),
            _ => WindowAxis::new(1),
        })
        .collect();
    let kind = choices.pick(&[Reduction::Sum, Reduction::Max, Reduction::Min]);
    let op = Op::ReduceWindow { kind, windows: windows.into() };
    let pooled = infer(&op, &[&ty]).ok()?;
    (pooled.shape.size() > 0).then(|| graph.push(node(op, &[operand], pooled)))
}

proptest! {
    #![proptest_config(programs(600))]

    #[test]
    fn what_pools_a_convolution_has_the_oracles_values(seed: u64, largest in 3usize..9) {
        let (mut graph, mut inputs) = program(seed, largest);
        let mut choices = Choices(seed ^ 1);
        follow(&mut choices, &mut graph, &mut inputs);
        let mut outputs = graph.outputs.clone();
        let last = *outputs.last().unwrap();
        if choices.next(3) > 0 {
            outputs.clear();
        }
        if let Some(pooled) = pool(&mut choices, &mut graph, last) {
            graph.outputs = vec![pooled];
            if choices.next(3) > 0 {
                follow(&mut choices, &mut graph, &mut inputs);
            }
            graph.outputs.extend(outputs);
        }
        let expected = oracle::run(&graph, inputs.clone());
        for executable in [crate::embedded::compile(&graph), super::Executable::new(graph.clone())] {
            let found = executable.run(inputs.clone()).unwrap();
            for (expected, found) in expected.iter().zip(&found) {
                prop_assert_eq!(bits(expected), bits(found), "{}\nas\n{}", graph, executable);
            }
        }
    }
}

/// A usual layer: a bias, `relu`, a mean over two by two pixels.
#[test]
fn a_layer_is_one_kernel_on_any_number_of_threads() {
    let mut graph = Graph::default();
    let mut choices = Choices(7);
    let mut inputs = Vec::new();
    let mut input = |graph: &mut Graph, shape: &[usize]| {
        let ty = Type::new(shape, DType::F32);
        inputs.push(choices.values(&ty));
        graph.push(node(Op::Input, &[], ty))
    };
    let (x, w) = (input(&mut graph, &[9, 12, 12, 1, 8]), input(&mut graph, &[3, 3, 1, 8, 40]));
    let (bias, four) = (input(&mut graph, &[40]), input(&mut graph, &[]));
    let push = |graph: &mut Graph, op: Op, operands: &[Id]| {
        let types: Vec<Type> = operands.iter().map(|&id| graph.node(id).ty.clone()).collect();
        let ty = infer(&op, &types.iter().collect::<Vec<_>>()).unwrap();
        graph.push(node(op, operands, ty))
    };
    let around = WindowAxis { low: 1, high: 1, ..WindowAxis::new(3) };
    let by_two = WindowAxis { stride: 2, ..WindowAxis::new(2) };
    let one = WindowAxis::new(1);
    let sums = push(&mut graph, Op::Convolution([around; 2].into()), &[x, w]);
    let shape = graph.node(sums).ty.shape.clone();
    let bias = push(&mut graph, Op::BroadcastInDim { shape, axes: [4].as_slice().into() }, &[bias]);
    let sums = push(&mut graph, Op::Binary(Binary::Add), &[sums, bias]);
    let positive = push(&mut graph, Op::Binary(Binary::Max), &[sums, bias]);
    let windows = [one, by_two, by_two, one, one].into();
    let pooled = push(&mut graph, Op::ReduceWindow { kind: Reduction::Sum, windows }, &[positive]);
    let shape = graph.node(pooled).ty.shape.clone();
    let four = push(&mut graph, Op::BroadcastInDim { shape, axes: Axes::new() }, &[four]);
    graph.outputs = vec![push(&mut graph, Op::Binary(Binary::Mul), &[pooled, four])];
    let expected = bits(&oracle::run(&graph, inputs.clone())[0]);
    let executable = crate::embedded::compile(&graph);
    // Sliding windows need fused multiply-adds.
    if executable.to_string().contains("sliding") {
        assert_eq!(executable.kernels(), 1, "{executable}");
    }
    for threads in 1..=3 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(bits(&pool.install(|| executable.run(inputs.clone()).unwrap())[0]), expected);
    }
}

/// The forward pass and both gradients of a layer, of many blocks.
#[test]
fn large_convolutions_are_the_oracles_and_the_same_on_any_number_of_threads() {
    let around = WindowAxis { low: 1, high: 1, ..WindowAxis::new(3) };
    let all = WindowAxis { low: 1, high: 1, ..WindowAxis::new(14) };
    // (operand, its order, kernel, its order, windows)
    type Case<'a> = (&'a [usize], &'a [usize], &'a [usize], &'a [usize], WindowAxis);
    let cases: [Case<'_>; 5] = [
        (&[5, 14, 14, 1, 32], &[0, 1, 2, 3, 4], &[3, 3, 1, 32, 24], &[0, 1, 2, 3, 4], around),
        (&[5, 14, 14, 1, 24], &[0, 1, 2, 3, 4], &[3, 3, 1, 32, 24], &[0, 1, 2, 4, 3], around),
        (&[5, 14, 14, 1, 32], &[4, 1, 2, 3, 0], &[5, 14, 14, 1, 24], &[1, 2, 3, 0, 4], all),
        (&[5, 14, 14, 64, 1], &[0, 1, 2, 3, 4], &[3, 3, 64, 1, 1], &[0, 1, 2, 3, 4], around),
        (&[5, 14, 14, 64, 1], &[4, 1, 2, 3, 0], &[5, 14, 14, 64, 1], &[1, 2, 3, 0, 4], all),
    ];
    for (x, x_order, w, w_order, window) in cases {
        let mut graph = Graph::default();
        let mut choices = Choices(3);
        let mut inputs = Vec::new();
        for (shape, order) in [(x, x_order), (w, w_order)] {
            let ty = Type::new(shape, DType::F32);
            inputs.push(choices.values(&ty));
            let input = graph.push(node(Op::Input, &[], ty));
            let shown: Axes = order.iter().map(|&axis| shape[axis]).collect();
            graph.push(node(Op::Transpose(order.into()), &[input], Type::new(shown, DType::F32)));
        }
        let op = Op::Convolution([window; 2].into());
        let ty = infer(&op, &[&graph.node(1).ty, &graph.node(3).ty]).unwrap();
        graph.outputs = vec![graph.push(node(op, &[1, 3], ty))];
        let executable = crate::embedded::compile(&graph);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| executable.run(inputs.clone()).unwrap())
        };
        let one = with(1);
        for threads in 2..=4 {
            assert_eq!(bits(&one[0]), bits(&with(threads)[0]), "{x:?} on {threads} threads");
        }
        let expected = numbers(&oracle::run(&graph, inputs.clone())[0]);
        for (x, y) in expected.iter().zip(numbers(&one[0])) {
            assert!((x - y).abs() < 1e-2, "{x}, {y}");
        }
    }
}
