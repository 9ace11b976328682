//! Cells, RNN, Bidirectional, `flip_sequences`.

use metamlp::Map;
use metamlp::prelude::*;

use super::support::{near, normal, ones, shape, values};

/// The cell called by hand, step by step, in the order of the inputs.
fn by_hand(cell: &LSTMCell, params: &Map, x: &Tensor) -> (Vec<(Tensor, Tensor)>, Vec<Tensor>) {
    let variables = Variables::from_params(params.clone());
    let first = x.slice_axis(1, 0, 1).squeeze(1);
    let mut carry = cell.initialize_carry(&Key::new(0), first.shape());
    let (mut carries, mut outputs) = (Vec::new(), Vec::new());
    for t in 0..x.shape()[1] {
        let step = x.slice_axis(1, t, t + 1).squeeze(1);
        let (next, y) = cell.apply(&variables, (), |m| m.call(&carry, &step)).unwrap();
        carries.push(next.clone());
        outputs.push(y);
        carry = next;
    }
    (carries, outputs)
}

fn cell_params(variables: &Variables) -> Map {
    variables["params"]["cell"].as_map().unwrap().clone()
}

#[test]
fn test_numerical_equivalence() {
    let x = normal(0, [3, 6, 4]);
    let cell = LSTMCell::new(5);
    let rnn = RNN::new(cell.clone());
    let variables = rnn.init(Key::new(1), |m| m.call(&x)).unwrap();
    for gate in ["ii", "if", "ig", "io", "hi", "hf", "hg", "ho"] {
        let inputs = if gate.starts_with('i') { 4 } else { 5 };
        assert_eq!(shape(&variables, &format!("params/cell/{gate}/kernel")), [inputs, 5]);
    }
    let (carry, y) = rnn.apply(&variables, (), |m| m.call_with_carry(&x)).unwrap();
    let (carries, outputs) = by_hand(&cell, &cell_params(&variables), &x);
    near(&y, &Tensor::stack(&outputs, 1), 1e-6);
    near(&carry[0], &carries[5].0, 1e-6);
    near(&carry[1], &carries[5].1, 1e-6);
}

#[test]
fn test_numerical_equivalence_with_lengths() {
    let x = normal(0, [3, 6, 4]);
    let lengths = vec![6, 2, 4];
    let cell = LSTMCell::new(5);
    let rnn = RNN::new(cell.clone()).seq_lengths(Tensor::from_vec([3], lengths.clone()));
    let variables = rnn.init(Key::new(1), |m| m.call(&x)).unwrap();
    let (carry, _) = rnn.apply(&variables, (), |m| m.call_with_carry(&x)).unwrap();
    let (carries, _) = by_hand(&cell, &cell_params(&variables), &x);
    for (sequence, length) in lengths.into_iter().enumerate() {
        let last = &carries[usize::try_from(length).unwrap() - 1];
        near(&carry[0].index(sequence), &last.0.index(sequence), 1e-6);
        near(&carry[1].index(sequence), &last.1.index(sequence), 1e-6);
    }
}

#[test]
fn test_reverse() {
    let x = normal(0, [2, 5, 3]);
    let rnn = RNN::new(GRUCell::new(4));
    let variables = rnn.init(Key::new(1), |m| m.call(&x)).unwrap();
    let of = |rnn: RNN, x: &Tensor| rnn.apply(&variables, (), |m| m.call(x)).unwrap();
    let expected = of(rnn.clone(), &x.flip(1));
    near(&of(rnn.clone().reverse(true), &x), &expected, 1e-6);
    // test_reverse_but_keep_order
    near(&of(rnn.clone().reverse(true).keep_order(true), &x), &expected.flip(1), 1e-6);
}

#[test]
fn test_time_major() {
    let x = normal(0, [2, 5, 3]);
    let rnn = RNN::new(SimpleCell::new(4));
    let variables = rnn.init(Key::new(1), |m| m.call(&x)).unwrap();
    let y = rnn.apply(&variables, (), |m| m.call(&x)).unwrap();
    let time_first = rnn.clone().time_major(true);
    let z = time_first.apply(&variables, (), |m| m.call(&x.transpose([1, 0, 2]))).unwrap();
    near(&z.transpose([1, 0, 2]), &y, 1e-6);
}

#[test]
fn test_initial_carry_continues() {
    let x = normal(0, [2, 6, 3]);
    let rnn = RNN::new(LSTMCell::new(4));
    let variables = rnn.init(Key::new(1), |m| m.call(&x)).unwrap();
    let whole = rnn.apply(&variables, (), |m| m.call(&x)).unwrap();
    let (carry, _) = rnn.apply(&variables, (), |m| m.call_with_carry(&x.slice_axis(1, 0, 4))).unwrap();
    let rest = rnn.clone().initial_carry(carry);
    let rest = rest.apply(&variables, (), |m| m.call(&x.slice_axis(1, 4, 6))).unwrap();
    near(&rest, &whole.slice_axis(1, 4, 6), 1e-6);
}

#[test]
fn a_cell_in_a_model_is_the_models() {
    #[compact]
    fn model(x: &Tensor) -> Tensor {
        RNN::new(GRUCell::new(2)).call(x)
    }
    let variables = model().init(Key::new(0), |m| m.call(&ones([1, 2, 3]))).unwrap();
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["GRUCell_0"]);
}

#[test]
fn test_optimized_lstm_cell_matches_regular() {
    let x = normal(0, [2, 3]);
    let carry = LSTMCell::new(5).initialize_carry(&Key::new(0), x.shape());
    let carry = (carry.0 + normal(1, [2, 5]), carry.1 + normal(2, [2, 5]));
    let (regular, optimized) = (LSTMCell::new(5), OptimizedLSTMCell::new(5));
    let (a, a_variables) = regular.init_with_output(Key::new(3), |m| m.call(&carry, &x)).unwrap();
    let (b, b_variables) = optimized.init_with_output(Key::new(3), |m| m.call(&carry, &x)).unwrap();
    let leaves = |variables: &Variables| {
        let mut paths: Vec<_> =
            variables.tensors_with_paths().into_iter().map(|(path, _)| path.to_string()).collect();
        paths.sort();
        paths
    };
    assert_eq!(leaves(&a_variables), leaves(&b_variables));
    near(&a.1, &b.1, 1e-6);
    near(&a.0.0, &b.0.0, 1e-6);
}

#[test]
fn test_gated_units() {
    let x = normal(0, [2, 3]);
    let h = normal(1, [2, 4]);
    let (carry, variables) = GRUCell::new(4).init_with_output(Key::new(0), |m| m.call(&h, &x)).unwrap();
    near(&carry.0, &carry.1, 0.0);
    let names = |variables: &Variables| {
        variables.params().names().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&variables), ["ir", "iz", "in", "hr", "hz", "hn"].map(str::to_owned).into());
    let (_, variables) = MGUCell::new(4).init_with_output(Key::new(0), |m| m.call(&h, &x)).unwrap();
    assert_eq!(names(&variables), ["if", "in", "hf", "hn"].map(str::to_owned).into());
    assert_eq!(values(variables["params"]["if"]["bias"].as_tensor().unwrap()), [1.0; 4]);
}

#[test]
fn test_mgu_reset_gate() {
    let (x, h) = (normal(0, [2, 3]), normal(1, [2, 4]));
    for reset_gate in [true, false] {
        let cell = MGUCell::new(4).reset_gate(reset_gate);
        let variables = cell.init(Key::new(0), |m| m.call(&h, &x)).unwrap();
        assert_eq!(variables.get("params/hn/bias").is_some(), reset_gate);
    }
}

#[test]
fn simple_cell_residual() {
    let (x, h) = (normal(0, [2, 4]), normal(1, [2, 4]));
    let identity: fn(&Tensor) -> Tensor = Tensor::clone;
    let plain = SimpleCell::new(4).activation_fn(identity);
    let variables = plain.init(Key::new(0), |m| m.call(&h, &x)).unwrap();
    let (_, y) = plain.apply(&variables, (), |m| m.call(&h, &x)).unwrap();
    let residual = plain.clone().residual(true);
    let (_, z) = residual.apply(&variables, (), |m| m.call(&h, &x)).unwrap();
    near(&z, &(y + h), 1e-6);
}

#[test]
fn test_flip_sequence() {
    let x = Tensor::arange(10, F32).reshape([2, 5]);
    let flipped = flip_sequences(&x, Some(&Tensor::from_vec([2], vec![3, 5])), 1, false);
    assert_eq!(values(&flipped), [2.0, 1.0, 0.0, 4.0, 3.0, 9.0, 8.0, 7.0, 6.0, 5.0]);
    near(&flip_sequences(&x, None, 1, false), &x.flip(1), 0.0);
}

#[test]
fn test_flip_sequence_more_feature_dims() {
    let x = normal(0, [2, 5, 3, 4]);
    let flipped = flip_sequences(&x, Some(&Tensor::from_vec([2], vec![2, 5])), 1, false);
    near(&flipped.index(1), &x.index(1).flip(0), 0.0);
    near(&flipped.index(0).slice_axis(0, 0, 2), &x.index(0).slice_axis(0, 0, 2).flip(0), 0.0);
}

#[test]
fn test_flip_sequence_time_major_more_feature_dims() {
    let x = normal(0, [2, 5, 3, 4]);
    let lengths = Tensor::from_vec([2], vec![2, 5]);
    let batch_first = flip_sequences(&x, Some(&lengths), 1, false);
    let time_first = flip_sequences(&x.transpose([1, 0, 2, 3]), Some(&lengths), 1, true);
    near(&time_first.transpose([1, 0, 2, 3]), &batch_first, 0.0);
}

#[test]
fn test_bidirectional() {
    let x = normal(0, [2, 5, 3]);
    let layer = Bidirectional::new(RNN::new(LSTMCell::new(4)), RNN::new(LSTMCell::new(4)));
    let variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shape(&variables, "params/backward_rnn/cell/ii/kernel"), [3, 4]);
    let ([forward, backward], y) = layer.apply(&variables, (), |m| m.call_with_carry(&x)).unwrap();
    assert_eq!(y.shape(), [2, 5, 8]);
    // The last output of one direction, the first of the other.
    near(&forward[1], &y.slice_axis(1, 4, 5).slice_axis(2, 0, 4).squeeze(1), 0.0);
    near(&backward[1], &y.slice_axis(1, 0, 1).slice_axis(2, 4, 8).squeeze(1), 0.0);
}

#[test]
fn test_custom_merge_fn() {
    let x = normal(0, [2, 5, 3]);
    let sum: fn(&Tensor, &Tensor) -> Tensor = |a, b| a + b;
    let layer = Bidirectional::new(RNN::new(GRUCell::new(4)), RNN::new(GRUCell::new(4))).merge_fn(sum);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(y.shape(), [2, 5, 4]);
}

#[test]
fn bidirectional_of_one_instance_shares() {
    let rnn = RNN::new(GRUCell::new(4));
    let layer = Bidirectional::new(rnn.clone(), rnn);
    let variables = layer.init(Key::new(0), |m| m.call(&ones([1, 2, 3]))).unwrap();
    // Clones have an identity of their own.
    assert_eq!(variables.params().names().count(), 2);
}

#[test]
fn test_convlstm() {
    let x = normal(0, [2, 4, 4, 3]);
    let cell = ConvLSTMCell::new(6, [3, 3]);
    let carry = cell.initialize_carry(&Key::new(0), x.shape());
    assert_eq!(carry.0.shape(), [2, 4, 4, 6]);
    let (((c, h), y), variables) = cell.init_with_output(Key::new(1), |m| m.call(&carry, &x)).unwrap();
    assert_eq!(shape(&variables, "params/ih/kernel"), [3, 3, 3, 24]);
    assert_eq!(shape(&variables, "params/hh/kernel"), [3, 3, 6, 24]);
    assert_eq!((c.shape(), y.shape()), (&[2, 4, 4, 6][..], &[2, 4, 4, 6][..]));
    near(&h, &y, 0.0);
}
