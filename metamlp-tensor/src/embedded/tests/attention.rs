//! Random attention programs: a product, kernels over its rows, a second product.

use proptest::prelude::*;

use super::rows::{by_rows, check};
use super::{Choices, bits, programs};
use crate::embedded::compile;
use crate::graph::Graph;
use crate::graph::mode;
use crate::graph::recording::Recording;
use crate::memory::buffer::Buffer;
use crate::shape::Type;
use crate::{BF16, Error, F32, F64, Tensor, grad};

/// An attention program, and true if its weights are an output too.
fn program(seed: u64) -> (Graph, Vec<Buffer>, bool) {
    let mut choices = Choices(seed);
    let dtype = choices.pick(&[F64, F64, F32, BF16]);
    let batch: Vec<usize> = (0..choices.next(3)).map(|_| 1 + choices.next(3)).collect();
    let [queries, keys] = [(); 2].map(|()| 1 + choices.next(40));
    let [depth, width] = [(); 2].map(|()| 1 + choices.next(9));
    let shape = |last: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(last).collect() };
    let scores = shape([queries, keys]);
    let mut repeated = scores.clone();
    repeated[choices.next(scores.len())] = 1;
    let shapes = [
        shape([queries, depth]),
        shape([keys, depth]),
        shape([keys, width]),
        vec![keys],
        vec![keys],
        repeated,
    ];
    let types = shapes.map(|shape| Type::new(&shape[..], dtype));
    let inputs: Vec<Buffer> = types.iter().map(|ty| choices.values(ty)).collect();
    let arguments: Vec<Tensor> = types.into_iter().map(|ty| Tensor::placeholder(ty, None)).collect();
    let needs_weights = choices.next(4) == 0;
    let steps = 1 + choices.next(2);
    let outputs = mode::deferred(|| {
        let [query, key, value, along @ ..] = &arguments[..] else { return Ok(Vec::new()) };
        let mut x = Tensor::einsum("...qd,...kd->...qk", &[query, key]);
        for _ in 0..steps {
            x = by_rows(&mut choices, &x, along, &[-1]);
        }
        let output = Tensor::einsum("...qk,...kd->...qd", &[&x, value]);
        Ok::<_, Error>(if needs_weights { vec![output, x] } else { vec![output] })
    })
    .unwrap();
    assert!(outputs.iter().all(|output| output.error().is_none()));
    (Recording::of(&arguments, &outputs).graph().unwrap(), inputs, needs_weights)
}

proptest! {
    #![proptest_config(programs(300))]

    #[test]
    fn attentions_have_the_oracles_values(seed: u64) {
        let (graph, inputs, _) = program(seed);
        check(&graph, &inputs)?;
    }

    #[test]
    fn neither_threads_nor_blocks_change_a_bit_of_an_attention(seed: u64) {
        let (graph, inputs, needs_weights) = program(seed);
        let executable = compile(&graph);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| executable.run(inputs.clone()).unwrap()).iter().map(bits).collect::<Vec<_>>()
        };
        let one = with(1);
        prop_assert_eq!(&one, &with(2));
        prop_assert_eq!(&one, &with(3));
        if !needs_weights {
            let mut whole = graph.clone();
            let weights = graph.node(graph.outputs[0]).operands[0];
            whole.outputs.push(weights);
            prop_assert_eq!(&one[0], &bits(&compile(&whole).run(inputs).unwrap()[0]));
        }
    }
}

/// Kernels that repeat an operand between the rows of a matrix walk the matrix in runs.
#[test]
fn rows_that_come_in_runs_have_the_oracles_values() {
    let shapes = [vec![2, 50, 8], vec![2, 5, 8], vec![2, 5, 4], vec![25, 5]];
    let types = shapes.map(|shape| Type::new(&shape[..], F64));
    let mut choices = Choices(1);
    let inputs: Vec<Buffer> = types.iter().map(|ty| choices.values(ty)).collect();
    let arguments = types.map(|ty| Tensor::placeholder(ty, None));
    let output = mode::deferred(|| {
        let [query, key, value, bias] = &arguments;
        let scores = Tensor::einsum("hqd,hkd->hqk", &[query, key]).reshape([2, 2, 25, 5]);
        let weights = (scores + bias).softmax(-1).reshape([2, 50, 5]);
        Ok::<_, Error>(weights.matmul(value))
    })
    .unwrap();
    let graph = Recording::of(&arguments, &[output]).graph().unwrap();
    check(&graph, &inputs).unwrap();
}

/// The steps of attention between 2 heads of 30 queries and 50 keys.
fn plan(f: impl Fn([Tensor; 4]) -> Vec<Tensor>) -> Vec<String> {
    let shapes = [[2, 30, 8], [2, 50, 8], [2, 50, 4], [1, 30, 50]];
    let arguments = shapes.map(|shape| Tensor::placeholder(Type::new(&shape[..], F32), None));
    let outputs = mode::deferred(|| Ok::<_, Error>(f(arguments.clone()))).unwrap();
    let graph = Recording::of(&arguments, &outputs).graph().unwrap();
    let plan = compile(&graph).to_string();
    plan.lines().filter(|line| !line.starts_with("return")).map(str::to_owned).collect()
}

#[test]
fn attention_is_one_step_that_never_has_all_scores() {
    let weights = |query: &Tensor, key: &Tensor| Tensor::einsum("hqd,hkd->hqk", &[query, key]).softmax(-1);
    let plain = plan(|[query, key, value, _]| vec![weights(&query, &key).matmul(&value)]);
    assert_eq!(plain.len(), 1, "{plain:#?}");
    let masked = plan(|[query, key, value, mask]| {
        let scores = Tensor::einsum("hqd,hkd->hqk", &[&query, &key]) / 3.0;
        vec![mask.greater(0).select(&scores, -1e9).softmax(-1).matmul(&value)]
    });
    assert_eq!(masked.len(), 2, "the mask for both heads, and {masked:#?}");
    // The weights are an output.
    let seen = plan(|[query, key, value, _]| {
        let weights = weights(&query, &key);
        vec![weights.matmul(&value), weights]
    });
    assert!(seen.len() > 1, "{seen:#?}");
    // The values that the weights multiply depend on the scores.
    let entangled = plan(|[query, key, value, _]| {
        let weights = weights(&query, &key);
        vec![weights.matmul(&(value + weights.sum_keepdims([0, 1]).max_keepdims([2])))]
    });
    assert!(entangled.len() > 1, "{entangled:#?}");
    let gradient = plan(|[query, key, value, _]| {
        let loss = |query: &Tensor| Ok::<_, Error>(weights(query, &key).matmul(&value).tanh().sum_all());
        vec![grad(&query, loss).unwrap()]
    });
    assert!(gradient.len() > 1, "{gradient:#?}");
}
