//! Optimizers step by step and under `jit`, and their errors for trees that do not match. `numbers.rs`
//! compares with optax.

mod half_precision;
mod numbers;
mod refusals;
mod sixteen_bits;
mod wrappers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp_optim::*;
use metamlp_tensor::{Error, F32, F64, I32, Result, Tensor, Tree, evaluate, grad, jit};

type Params = BTreeMap<String, Tensor>;

fn params(a: [f32; 4], b: f32) -> Params {
    let (a, b) = (Tensor::from_vec([2, 2], a.to_vec()), Tensor::from_vec([1], vec![b]));
    BTreeMap::from([("a".into(), a), ("b".into(), b)])
}

fn start() -> Params {
    params([1.0, -2.0, 0.5, 3.0], 0.25)
}

fn gradients() -> [Params; 3] {
    [
        params([0.5, -1.0, 2.0, 0.0], 4.0),
        params([-0.25, 1.5, 1.0, 0.125], -3.0),
        params([0.75, 0.5, -2.0, 1.0], 0.5),
    ]
}

fn numbers(tree: &impl Tree) -> Vec<f32> {
    tree.tensors().iter().flat_map(|tensor| tensor.convert(F32).to_vec::<f32>().unwrap()).collect()
}

fn step<P: Tree>(optimizer: &Optimizer, params: &P, grads: &P, state: &State) -> Result<(P, State)> {
    let (updates, state) = optimizer.update(grads, state, Some(params))?;
    Ok((apply_updates(params, &updates)?, state))
}

#[test]
fn a_chain_of_parts_is_the_whole() {
    let parts = chain([scale_by_adam(), add_decayed_weights(1e-4), scale(-0.01)]);
    let (mut by_parts, mut state) = (start(), parts.init(&start()));
    let whole = adamw(0.01);
    let (mut at_once, mut other) = (start(), whole.init(&start()));
    for grads in gradients() {
        (by_parts, state) = step(&parts, &by_parts, &grads, &state).unwrap();
        (at_once, other) = step(&whole, &at_once, &grads, &other).unwrap();
    }
    assert_eq!(numbers(&by_parts), numbers(&at_once));
    assert_eq!(numbers(&state), numbers(&other));
}

/// By hand: at the first step both means are the gradient's own, so Adam's step is the rate times the
/// sign; momentum is the gradient itself.
#[test]
fn first_steps_are_as_derived_by_hand() {
    let x = Tensor::from_vec([3], vec![1.0f32, 2.0, 3.0]);
    let g = Tensor::from_vec([3], vec![100.0f32, -0.01, 0.0]);
    let (moved, _) = step(&adam(0.5), &x, &g, &adam(0.5).init(&x)).unwrap();
    let moved = moved.to_vec::<f32>().unwrap();
    assert!((moved[0] - 0.5).abs() < 1e-5 && (moved[1] - 2.5).abs() < 1e-5 && moved[2] == 3.0, "{moved:?}");

    let momentum = trace(0.9);
    let (first, state) = momentum.update(&g, &momentum.init(&x), None).unwrap();
    let (second, _) = momentum.update(&g, &state, None).unwrap();
    assert_eq!(first.to_vec::<f32>().unwrap(), [100.0, -0.01, 0.0]);
    assert_eq!(second.to_vec::<f32>().unwrap(), [190.0, -0.019, 0.0]);
}

#[test]
fn clipping_leaves_short_and_empty_updates_alone() {
    let clip = clip_by_global_norm(5.0);
    let of = |values: Vec<f32>| {
        let grads = Tensor::from_vec([values.len()], values);
        clip.update(&grads, &clip.init(&grads), None).unwrap().0.to_vec::<f32>().unwrap()
    };
    assert_eq!(of(vec![3.0, 3.9]), [3.0, 3.9]);
    assert_eq!(of(vec![30.0, -40.0]), [3.0, -4.0]);
    assert_eq!(of(vec![0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(of(vec![]), [0.0; 0]);
    assert!(of(vec![f32::NAN, 1.0])[1].is_nan());
    clip.update(&(), &clip.init(&()), None).unwrap();
}

#[test]
fn an_optimizer_minimises() {
    for optimizer in [sgd(0.05), Sgd::new(0.02).momentum(0.9).into(), adam(0.05), adamw(0.05)] {
        let mut params = (Tensor::from_vec([2], vec![2.0f32, -1.0]), Tensor::scalar(0.5f32));
        let mut state = optimizer.init(&params);
        for _ in 0..300 {
            let loss = |(x, y): &(Tensor, Tensor)| (x - y).square().sum_all() + (y - 3.0).square();
            let grads = grad(&params, loss).unwrap();
            (params, state) = step(&optimizer, &params, &grads, &state).unwrap();
        }
        assert!(
            numbers(&params).iter().all(|x| (x - 3.0).abs() < 0.1),
            "{optimizer:?}: {:?}",
            numbers(&params)
        );
    }
}

#[test]
fn under_jit_one_program_serves_every_step() {
    let schedule = |count: &Tensor| 0.1 / (count + 1.0);
    let optimizer = chain([clip_by_global_norm(1.0), adam(schedule)]);
    let traced = Arc::new(AtomicUsize::new(0));
    let (inner, counter) = (optimizer.clone(), Arc::clone(&traced));
    let compiled = jit(move |params: Params, grads: Params, state: State| {
        counter.fetch_add(1, Ordering::Relaxed);
        step(&inner, &params, &grads, &state)
    });
    let (mut params, mut state) = (start(), optimizer.init(&start()));
    let (mut eager, mut eager_state) = (start(), optimizer.init(&start()));
    for grads in gradients() {
        (params, state) = compiled(params, grads.clone(), state).unwrap();
        (eager, eager_state) = step(&optimizer, &eager, &grads, &eager_state).unwrap();
    }
    assert_eq!(numbers(&params), numbers(&eager));
    assert_eq!(numbers(&state), numbers(&eager_state));
    assert_eq!(traced.load(Ordering::Relaxed), 1);
}

#[test]
fn what_comes_back_is_computed() {
    let optimizer = adam(0.1);
    let state = optimizer.init(&start());
    assert!(state.tensors().iter().all(Tensor::is_concrete));
    let (updates, state) = optimizer.update(&gradients()[0], &state, None).unwrap();
    assert!(updates.tensors().iter().chain(&state.tensors()).all(Tensor::is_concrete));
    assert!(apply_updates(&start(), &updates).unwrap().tensors().iter().all(Tensor::is_concrete));
}

#[test]
fn dtypes_stay_and_what_is_not_of_floats_is_left_alone() {
    let params = (Tensor::ones([2], F64), Tensor::from_vec([2], vec![7, 8]), Tensor::ones([1], F32));
    let optimizer = chain([clip_by_global_norm(1.0), adamw(0.5)]);
    let grads = grad(&params, |(wide, _, narrow)| wide.convert(F32).sum_all() + narrow.sum_all()).unwrap();
    let mut state = optimizer.init(&params);
    let mut moved = params;
    for _ in 0..2 {
        (moved, state) = step(&optimizer, &moved, &grads, &state).unwrap();
    }
    assert_eq!((moved.0.dtype(), moved.1.dtype(), moved.2.dtype()), (F64, I32, F32));
    assert_eq!(moved.1.to_vec::<i32>().unwrap(), [7, 8]);
    let moments: Vec<_> = state.tensors().iter().map(Tensor::dtype).collect();
    assert_eq!(moments, [I32, F64, F32, F64, F32]);
}

#[test]
fn the_state_is_a_tree_with_paths() {
    let state = adamw(0.1).init(&start());
    let paths: Vec<String> = state.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["0/count", "0/mu/a", "0/mu/b", "0/nu/a", "0/nu/b"]);
    let copy = evaluate(state.map(&mut |tensor| tensor + 1)).unwrap();
    assert_eq!(copy.tensors_with_paths().len(), 5);
    let State::Chain(parts) = copy else { panic!("{copy:?}") };
    assert_eq!(parts[0].tensor("count").unwrap().item::<i32>().unwrap(), 1);
    assert_eq!(parts[0].leaves("mu", &Leaves::of(&start())).unwrap().len(), 2);
}

#[track_caller]
fn assert_message(result: Result<impl Sized>, expected: &str) {
    let message = result.err().expect("an error").to_string();
    assert!(message.contains(expected), "{message}\nis not about\n{expected}");
    let file = std::panic::Location::caller().file();
    assert!(message.starts_with(file), "not the caller's line: {message}");
}

#[test]
fn trees_that_do_not_match_are_told_by_the_first_path_that_differs() {
    let (optimizer, grads) = (adam(0.1), start());
    let state = optimizer.init(&start());

    let mut reshaped = start();
    reshaped.insert("b".into(), Tensor::ones([2], F32));
    let expected = "`b` is f32[1] in the gradients, f32[2] in the parameters";
    assert_message(optimizer.update(&grads, &state, Some(&reshaped)), expected);
    let expected = "`b` is f32[2] in the gradients, f32[1] in the optimizer's state";
    assert_message(optimizer.update(&reshaped, &state, None), expected);
    let expected = "`b` is f32[2] in the updates, f32[1] in the parameters";
    assert_message(apply_updates(&grads, &reshaped), expected);

    let mut renamed = start();
    let b = renamed.remove("b").unwrap();
    assert_message(
        optimizer.update(&renamed, &state, None),
        "`b` is in the optimizer's state and not in the gradients",
    );
    renamed.insert("bias".into(), b);
    let (one, other) = (Tensor::ones([2], F32), Tensor::ones([3], F32));
    assert_message(
        apply_updates(&one, &other),
        "the tensor is f32[3] in the updates, f32[2] in the parameters",
    );
    assert_message(apply_updates(&renamed, &grads), "`b` is in the updates and not in the parameters");
}

#[test]
fn a_foreign_state_is_refused() {
    let grads = start();
    assert_message(adam(0.1).update(&grads, &sgd(0.1).init(&grads), None), "there is no tensor `count`");
    let of_three = adamw(0.1).init(&grads);
    assert_message(
        adam(0.1).update(&grads, &of_three, None),
        "a chain of 2 transformations has the state of 3",
    );
    assert_message(
        adam(0.1).update(&grads, &State::empty(), None),
        "a chain of 2 transformations has the state of a single one",
    );
    assert_message(scale_by_adam().update(&grads, &State::empty(), None), "there is no tensor `count`");
}

#[test]
fn what_an_update_lacks_is_told() {
    let grads = start();
    let of_shape = sgd(|count: &Tensor| (count + 0.1).broadcast_to([3]));
    assert_message(
        of_shape.update(&grads, &of_shape.init(&grads), None),
        "a schedule: what its function returned is f32[3], expected a float of shape []",
    );
    assert_message(
        adamw(0.1).update(&grads, &adamw(0.1).init(&grads), None),
        "params is None, expected the parameters",
    );
}

#[test]
fn an_error_in_the_gradients_comes_out() {
    let optimizer = adam(0.1);
    let x = Tensor::ones([2], F32);
    let bad = Tensor::ones([2], F32) + Tensor::ones([3], F32).sum([5]);
    let error = optimizer.update(&bad.broadcast_to([2]), &optimizer.init(&x), None).unwrap_err();
    assert!(matches!(error, Error::Argument { .. } | Error::Shape { .. }), "{error}");
}

#[test]
fn optimizers_print_what_they_do() {
    let optimizer = chain([clip_by_global_norm(1.0), sgd(0.1)]);
    let expected = "chain[ClipByGlobalNorm { max_norm: 1.0 }, sgd[Identity, ScaleByLearningRate { learning_rate: 0.1, flip_sign: true }]]";
    assert_eq!(format!("{optimizer:?}"), expected);
    assert_eq!(optimizer, optimizer.clone());
    assert_ne!(optimizer, sgd(0.1));
}
