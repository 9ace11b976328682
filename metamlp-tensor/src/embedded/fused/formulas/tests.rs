//! Every formula by itself: one instruction, with the bits of its operations.

use super::table::FORMULAS;
use super::*;
use crate::dtype::DType;
use crate::embedded::compile;
use crate::graph::GraphNode;
use crate::graph::op::Literal;
use crate::memory::buffer::Buffer;
use crate::oracle;
use crate::shape::Type;

const LENGTH: usize = 1500;

fn push(graph: &mut Graph, op: Op, operands: &[Id], dtype: DType) -> Id {
    graph.push(GraphNode { op, operands: operands.into(), ty: Type::new([LENGTH], dtype) })
}

/// The nodes that the tree stands for.
fn build(graph: &mut Graph, tree: &Tree, leaves: &[Id]) -> Id {
    let mut all = |trees: &[Tree]| trees.iter().map(|tree| build(graph, tree, leaves)).collect::<Vec<Id>>();
    match tree {
        Tree::Leaf(leaf) => leaves[*leaf],
        Tree::Unary(op, x) => {
            let x = build(graph, x, leaves);
            push(graph, Op::Unary(*op), &[x], DType::F32)
        }
        Tree::Binary(op, trees) => {
            let operands = all(&trees[..]);
            push(graph, Op::Binary(*op), &operands, DType::F32)
        }
        Tree::AtLeast(trees) => {
            let operands = all(&trees[..]);
            push(graph, Op::Binary(Binary::Max), &operands, DType::F32)
        }
        Tree::Compare(op, trees) => {
            let operands = all(&trees[..]);
            push(graph, Op::Compare(*op), &operands, DType::Bool)
        }
        Tree::Select(trees) => {
            let operands = all(&trees[..]);
            push(graph, Op::Select, &operands, DType::F32)
        }
    }
}

/// Leaves that a maximum is taken with.
fn bounds(tree: &Tree) -> Vec<usize> {
    match tree {
        Tree::Leaf(_) => Vec::new(),
        Tree::Unary(_, x) => bounds(x),
        Tree::AtLeast(trees) => match trees[1] {
            Tree::Leaf(leaf) => vec![leaf],
            _ => Vec::new(),
        },
        Tree::Binary(_, trees) | Tree::Compare(_, trees) => trees.iter().flat_map(bounds).collect(),
        Tree::Select(trees) => trees.iter().flat_map(bounds).collect(),
    }
}

/// The operations of a formula on inputs, and elements for those; the first leaf is `first` of an input.
/// The inputs are outputs too if they are `kept`, so that none is written over.
fn graph(formula: &Formula, first: Option<Unary>, kept: bool) -> (Graph, Vec<Buffer>) {
    let special = [0.0, -0.0, 1.0, -1.5, 1e-40, 3e38, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e3, -7.25];
    let (mut graph, mut inputs) = (Graph::default(), Vec::new());
    let bounds = bounds(&formula.tree);
    for leaf in 0..formula.leaves {
        if bounds.contains(&leaf) {
            let (op, ty) = (Op::Constant(Literal::new(0.0_f32)), Type::new([], DType::F32));
            graph.push(GraphNode { op, operands: SmallVec::new(), ty });
            continue;
        }
        let is_same = leaf >= formula.each;
        let length = if is_same { 1 } else { LENGTH };
        let shape: &[usize] = if is_same { &[] } else { &[LENGTH] };
        let (op, ty) = (Op::Input, Type::new(shape, DType::F32));
        graph.push(GraphNode { op, operands: SmallVec::new(), ty });
        let values = |i: usize| match (i * 7 + leaf) % 3 {
            0 => special[(i + leaf * i / 11) % special.len()],
            _ => ((i * (leaf + 3)) % 97) as f32 / 8.0 - 6.0,
        };
        inputs.push(Buffer::from_vec((0..length).map(values).collect::<Vec<f32>>()));
    }
    let mut leaves: Vec<Id> = (0..formula.leaves as Id).collect();
    for leaf in formula.each..formula.leaves {
        let shape = Type::new([LENGTH], DType::F32).shape;
        let op = Op::BroadcastInDim { shape, axes: SmallVec::new() };
        leaves[leaf] = push(&mut graph, op, &[leaf as Id], DType::F32);
    }
    if let Some(first) = first {
        leaves[0] = push(&mut graph, Op::Unary(first), &[0], DType::F32);
    }
    let root = build(&mut graph, &formula.tree, &leaves);
    let kept = (0..formula.leaves as Id).filter(|&leaf| kept && !bounds.contains(&(leaf as usize)));
    graph.outputs = std::iter::once(root).chain(kept).collect();
    (graph, inputs)
}

/// Inputs without another owner, so that outputs may take over their memory.
fn own(inputs: &[Buffer]) -> Vec<Buffer> {
    inputs.iter().map(|input| Buffer::from_vec(input.as_slice::<f32>().unwrap().to_vec())).collect()
}

fn assert_bits(graph: &Graph, inputs: &[Buffer], instructions: usize) {
    let expected = oracle::run(graph, inputs.to_vec());
    let executable = compile(graph);
    assert_eq!(executable.instructions(), [instructions], "{executable}");
    let found = executable.run(own(inputs)).unwrap();
    let both = expected[0].as_slice::<f32>().unwrap().iter().zip(found[0].as_slice::<f32>().unwrap());
    for (position, (x, y)) in both.enumerate() {
        assert!(x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()), "{position}: {x}, {y}\n{graph}");
    }
}

#[test]
fn a_formula_is_one_instruction_with_the_bits_of_its_operations() {
    for formula in FORMULAS.iter() {
        let (graph, inputs) = graph(formula, None, true);
        assert_bits(&graph, &inputs, 1);
    }
}

#[test]
fn a_formula_that_writes_over_its_first_operand_needs_no_copy_of_it() {
    for formula in FORMULAS.iter().filter(|formula| formula.in_place.is_some()) {
        let (graph, inputs) = graph(formula, None, false);
        assert_bits(&graph, &inputs, 1);
    }
}

#[test]
fn what_a_formula_writes_over_is_computed_in_its_output() {
    for formula in FORMULAS.iter().filter(|formula| formula.in_place.is_some()) {
        for kept in [true, false] {
            let (graph, inputs) = graph(formula, Some(Unary::Floor), kept);
            // An output that takes another input's memory over is brought there at the end.
            let instructions = if kept { 2 } else { 3 };
            assert_bits(&graph, &inputs, instructions);
        }
    }
}
