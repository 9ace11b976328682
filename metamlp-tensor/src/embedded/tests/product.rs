//! Random matrix products: thin, large, empty, in batches, with operands in any axis order, and elementwise operations after
//! them. Every sum of the values is exact, so that results are compared bit by bit.

use proptest::prelude::*;

use super::convolution::operand;
use super::{Choices, node, numbers, programs};
use crate::dtype::DType;
use crate::graph::infer::infer;
use crate::graph::op::{Binary, DotDimensions, Literal, Op};
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;
use crate::oracle;
use crate::shape::{Axes, Shape, Type};

/// Extents that fill tiles and blocks, and extents that do not.
const EXTENTS: [usize; 20] = [0, 1, 1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 17, 31, 33, 64, 100, 255, 530, 1024];
/// Most multiplications of a program.
const MOST: usize = 3_000_000;

/// A product, and operations on its result.
fn program(seed: u64) -> (Graph, Vec<Buffer>) {
    let mut choices = Choices(seed);
    let mut graph = Graph::default();
    let axes = |choices: &mut Choices, most: usize, extents: &[usize]| -> Axes {
        (0..choices.next(most + 1)).map(|_| choices.pick(extents)).collect()
    };
    let (batch, rows, depth, columns) = loop {
        let batch = axes(&mut choices, 2, &[1, 2, 3, 4]);
        let rows = axes(&mut choices, 2, &EXTENTS);
        let depth = axes(&mut choices, 2, &EXTENTS);
        let columns = axes(&mut choices, 2, &EXTENTS);
        let all = [&batch, &rows, &depth, &columns];
        if all.iter().flat_map(|axes| axes.iter()).product::<usize>() <= MOST
            && batch.len() + rows.len() + columns.len() <= 5
        {
            break (batch, rows, depth, columns);
        }
    };
    let dtype = choices.pick(&[DType::F32, DType::F32, DType::F64]);
    // The axes of each operand in the order batch, free, contracting, or with the last two exchanged.
    let side = |graph: &mut Graph, choices: &mut Choices, free: &Axes| {
        let (middle, last, swapped) =
            if choices.next(2) == 0 { (free, &depth, false) } else { (&depth, free, true) };
        let shape: Axes = batch.iter().chain(middle).chain(last).copied().collect();
        let first = batch.len() + if swapped { 0 } else { free.len() };
        let contracting: Axes = (first..first + depth.len()).collect();
        let (id, values) = operand(choices, graph, &shape, dtype);
        (id, values, contracting)
    };
    let (lhs, lhs_values, lhs_contracting) = side(&mut graph, &mut choices, &rows);
    let (rhs, rhs_values, rhs_contracting) = side(&mut graph, &mut choices, &columns);
    let mut inputs = vec![lhs_values, rhs_values];
    let numbers: Axes = (0..batch.len()).collect();
    let dimensions =
        DotDimensions { lhs_contracting, rhs_contracting, lhs_batch: numbers.clone(), rhs_batch: numbers };
    let push = |graph: &mut Graph, op: Op, operands: &[Id]| -> Option<Id> {
        let types: Vec<&Type> = operands.iter().map(|&id| &graph.node(id).ty).collect();
        let ty = infer(&op, &types).ok()?;
        Some(graph.push(node(op, operands, ty)))
    };
    let Some(mut id) = push(&mut graph, Op::DotGeneral(Box::new(dimensions)), &[lhs, rhs]) else {
        return (graph, inputs);
    };
    graph.outputs.push(id);
    let shape = graph.node(id).ty.shape.clone();
    for _ in 0..choices.next(4) {
        let of_axes = |axes: Axes| {
            let extents: Axes = axes.iter().map(|&axis| shape[axis]).collect();
            (Type::new(&extents, dtype), axes)
        };
        let (ty, axes) = match choices.next(3) {
            // A bias, a residual, or an operand along some axes.
            0 if !shape.is_empty() => of_axes([shape.len() - 1].as_slice().into()),
            1 => of_axes((0..shape.len()).collect()),
            _ => of_axes(choices.subset(shape.len())),
        };
        let other = match choices.next(3) {
            0 => graph.push(node(Op::Constant(Literal::from_f64(0.5, dtype)), &[], Type::new([], dtype))),
            _ => {
                inputs.push(choices.values(&ty));
                graph.push(node(Op::Input, &[], ty.clone()))
            }
        };
        let axes = if graph.node(other).ty.shape.is_empty() { Axes::new() } else { axes };
        let shape = Shape::from(&shape[..]);
        let other = push(&mut graph, Op::BroadcastInDim { shape, axes }, &[other]).unwrap_or(other);
        let binary = choices.pick(&[Binary::Add, Binary::Sub, Binary::Max, Binary::Min]);
        let operands = if choices.next(2) == 0 { [id, other] } else { [other, id] };
        id = push(&mut graph, Op::Binary(binary), &operands).unwrap_or(id);
        if choices.next(4) == 0 {
            graph.outputs.push(id);
        }
    }
    graph.outputs.push(id);
    if choices.next(2) == 0 {
        graph.outputs.remove(0);
    }
    (graph, inputs)
}

proptest! {
    #![proptest_config(programs(400))]

    #[test]
    fn products_have_the_oracles_values(seed: u64) {
        let (graph, inputs) = program(seed);
        let expected = oracle::run(&graph, inputs.clone());
        let executable = crate::embedded::compile(&graph);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let run = || pool.install(|| executable.run(inputs.clone()).unwrap());
            // The second run packs weights into panels.
            for (expected, found) in expected.iter().zip(&run()).chain(expected.iter().zip(&run())) {
                prop_assert_eq!(expected.dtype(), found.dtype());
                prop_assert!(numbers(expected) == numbers(found), "{graph}\nas\n{executable}");
            }
        }
    }
}

/// The epilogue of a small product is one tile whose windows are gathered once; blocks must not divide it.
#[test]
fn what_follows_a_small_product_reads_its_own_rows() {
    let mut graph = Graph::default();
    let types = [[255, 100], [100, 3], [255, 1]].map(|shape| Type::new(shape, DType::F32));
    let mut choices = Choices(5);
    let inputs: Vec<Buffer> = types.iter().map(|ty| choices.values(ty)).collect();
    for ty in types {
        graph.push(node(Op::Input, &[], ty));
    }
    let dimensions = DotDimensions {
        lhs_contracting: [1].as_slice().into(),
        rhs_contracting: [0].as_slice().into(),
        ..DotDimensions::default()
    };
    let result = Type::new([255, 3], DType::F32);
    graph.push(node(Op::DotGeneral(Box::new(dimensions)), &[0, 1], result.clone()));
    let shape = Shape::from(&result.shape[..]);
    let axes = [0, 1].as_slice().into();
    graph.push(node(Op::BroadcastInDim { shape, axes }, &[2], result.clone()));
    graph.push(node(Op::Binary(Binary::Add), &[3, 4], result));
    graph.outputs = vec![5];
    let expected = oracle::run(&graph, inputs.clone());
    let found = crate::embedded::compile(&graph).run(inputs).unwrap();
    assert_eq!(numbers(&expected[0]), numbers(&found[0]));
}
