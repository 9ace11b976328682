//! Weights of repeated products: their packed panels belong to the buffer, not to its address, and change no bit.

use super::random_programs::Choices;
use super::{bits, node};
use crate::dtype::DType;
use crate::embedded::{Executable, compile};
use crate::graph::Graph;
use crate::graph::op::{Binary, DotDimensions, Literal, Op};
use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::shared::Form;
use crate::oracle;
use crate::shape::{Shape, Type};

const WEIGHTS: [usize; 2] = [64, 80];

/// `x · w`, and `w + 1` if it `updates`; `w` is given as `[columns, depth]` if it is transposed.
fn program([rows, depth, columns]: [usize; 3], is_transposed: bool, updates: bool) -> Graph {
    let mut graph = Graph::default();
    let weights = if is_transposed { [columns, depth] } else { [depth, columns] };
    let (x, w) = (Type::new([rows, depth], DType::F32), Type::new(weights, DType::F32));
    graph.push(node(Op::Input, &[], x));
    graph.push(node(Op::Input, &[], w.clone()));
    let dimensions = DotDimensions {
        lhs_contracting: [1].as_slice().into(),
        rhs_contracting: [usize::from(is_transposed)].as_slice().into(),
        ..DotDimensions::default()
    };
    let result = Type::new([rows, columns], DType::F32);
    graph.outputs = vec![graph.push(node(Op::DotGeneral(Box::new(dimensions)), &[0, 1], result))];
    if updates {
        let one = Op::Constant(Literal::from_f64(1.0, DType::F32));
        let one = graph.push(node(one, &[], Type::new([], DType::F32)));
        let everywhere = Op::BroadcastInDim { shape: Shape::from(&weights[..]), axes: [].as_slice().into() };
        let ones = graph.push(node(everywhere, &[one], w.clone()));
        let updated = graph.push(node(Op::Binary(Binary::Add), &[1, ones], w));
        graph.outputs.push(updated);
    }
    graph
}

fn filled(mut elements: crate::memory::buffer::Storage<f32>, choices: &mut Choices) -> Buffer {
    elements.iter_mut().for_each(|element| *element = choices.next(41) as f32 / 8.0);
    Buffer::from_vec(elements)
}

fn address(buffer: &Buffer) -> *const f32 {
    buffer.as_slice().unwrap().as_ptr()
}

/// The weights of each round reuse the memory of the last round's, or are written over them.
#[test]
fn a_product_in_a_loop_reads_the_weights_that_it_is_given() {
    let graph = program([8, WEIGHTS[0], WEIGHTS[1]], false, false);
    let executable = compile(&graph);
    let mut choices = Choices(3);
    let x = choices.values(&graph.node(0).ty);
    let mut last: Option<Buffer> = None;
    let mut again = 0;
    for round in 0..20 {
        let before = last.as_ref().map(address);
        let memory = match last.take().map(Buffer::try_into_storage::<f32>) {
            Some(Ok(weights)) if round % 2 == 0 => weights,
            _ => f32::pool().take(WEIGHTS[0] * WEIGHTS[1]),
        };
        let weights = filled(memory, &mut choices);
        again += usize::from(before == Some(address(&weights)));
        let inputs = vec![x.clone(), weights.clone()];
        let expected = oracle::run(&graph, inputs.clone());
        for call in 0..3 {
            let found = executable.run(inputs.clone()).unwrap();
            assert_eq!(bits(&expected[0]), bits(&found[0]), "round {round}, call {call}");
        }
        last = Some(weights);
    }
    assert!(again >= 9, "the memory was used again in {again} rounds");
}

/// A program that owns the weights alone writes over them.
#[test]
fn weights_that_a_program_changes_in_place_are_read_as_they_are_then() {
    let [changing, reading] = [true, false].map(|updates| program([8, 64, 80], false, updates));
    let [change, read] = [&changing, &reading].map(compile);
    let mut choices = Choices(4);
    let x = choices.values(&changing.node(0).ty);
    let mut weights = filled(f32::pool().take(64 * 80), &mut choices);
    for round in 0..5 {
        let inputs = vec![x.clone(), weights.clone()];
        let expected = oracle::run(&changing, inputs.clone());
        for _ in 0..3 {
            assert_eq!(bits(&expected[0]), bits(&read.run(inputs.clone()).unwrap()[0]), "round {round}");
        }
        drop(inputs);
        let place = address(&weights);
        let mut found = change.run(vec![x.clone(), weights]).unwrap();
        assert_eq!(bits(&expected[0]), bits(&found[0]), "round {round}");
        weights = found.remove(1);
        assert_eq!(bits(&expected[1]), bits(&weights), "round {round}");
        assert_eq!(place, address(&weights), "the weights were copied");
    }
}

/// From the second call on, a product reads the panels that the weights' buffer keeps, without copying the weights.
#[test]
fn weights_are_put_into_panels_once() {
    let graph = program([8, 64, 80], false, false);
    let executable = compile(&graph);
    let mut choices = Choices(5);
    let x = choices.values(&graph.node(0).ty);
    let weights = filled(f32::pool().take(64 * 80), &mut choices);
    let run = |executable: &Executable| executable.run(vec![x.clone(), weights.clone()]).unwrap().remove(0);
    let expected = run(&executable);
    // A form that differs from the weights' own.
    let form = Form { offset: 0, stride: 80, is_transposed: false, depth: 64, columns: 80 };
    assert!(weights.form(form, || vec![0.0f32; 64 * 80].into()).is_some());
    assert!(bits(&run(&executable)).iter().all(|&bits| bits == 0));
    let others = Buffer::from_vec(weights.as_slice::<f32>().unwrap().to_vec());
    for _ in 0..3 {
        assert_eq!(bits(&executable.run(vec![x.clone(), others.clone()]).unwrap()[0]), bits(&expected));
    }
}

/// Extents that no tile divides, and sums that are rounded.
#[test]
fn neither_panels_nor_threads_change_a_bit() {
    for extents in [[265, 70, 83], [40, 1100, 530], [600, 530, 17], [2, 600, 1030], [529, 600, 64]] {
        for is_transposed in [false, true] {
            let graph = program(extents, is_transposed, false);
            let executable = compile(&graph);
            let mut choices = Choices(6);
            let inputs: Vec<Buffer> = [0, 1]
                .map(|id| {
                    let mut number = || (choices.next(1 << 20) as f32 - 5e5) / 3e5;
                    let size = graph.node(id).ty.shape.size();
                    Buffer::from_vec((0..size).map(|_| number()).collect::<Vec<f32>>())
                })
                .into();
            let fresh = || inputs.iter().map(|x| Buffer::from_vec(x.as_slice::<f32>().unwrap().to_vec()));
            let mut results = Vec::new();
            for threads in [1, 2, 3, 8, 23] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                results.push(pool.install(|| executable.run(fresh().collect()).unwrap()));
                results.push(pool.install(|| executable.run(inputs.clone()).unwrap()));
                results.push(pool.install(|| executable.run(inputs.clone()).unwrap()));
            }
            let first = bits(&results[0][0]);
            assert!(results.iter().all(|result| bits(&result[0]) == first), "{extents:?}, {is_transposed}");
        }
    }
}
