//! Optimizers: three steps of each as optax takes them, what they do under
//! `jit`, and what they say of trees that do not fit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp_core::optim::*;
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

/// Three steps of the same gradients end where optax's do.
#[track_caller]
fn check(optimizer: impl Into<Optimizer>, expected: [f64; 5]) {
    let optimizer = optimizer.into();
    let (mut params, mut state) = (start(), optimizer.init(&start()));
    for grads in gradients() {
        (params, state) = step(&optimizer, &params, &grads, &state).unwrap();
    }
    for (found, expected) in numbers(&params).into_iter().map(f64::from).zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-6 * expected.abs(),
            "{optimizer:?}: {found}, optax {expected}"
        );
    }
}

#[test]
fn sgd_is_optax_s() {
    check(sgd(0.1), [0.9, -2.1, 0.40000004, 2.8875, 0.10000001]);
    check(Sgd::new(0.1).momentum(0.9), [0.837, -2.0640001, -0.031_999_987, 2.87625, -0.31399998]);
    let nesterov = Sgd::new(0.1).momentum(0.9).nesterov(true);
    check(nesterov, [0.7533, -2.1576, -0.078_799_98, 2.776125, -0.4075999855995178]);
}

#[test]
fn adam_is_optax_s() {
    check(adam(0.01), [0.980983555316925, -1.9960304498672485, 0.4795705676, 2.985506773, 0.23778362572]);
    let options = Adam::new(0.01).b1(0.8).b2(0.95).eps(1e-3).eps_root(1e-4);
    check(options, [0.9813750386238098, -1.9970849752426147, 0.4806154668, 2.984830141, 0.2387399077]);
    let nadam = Adam::new(0.01).nesterov(true);
    check(nadam, [0.9772825241088867, -1.9972470998764038, 0.4795272947, 2.976523161, 0.2375912219]);
}

#[test]
fn adamw_is_optax_s() {
    let decayed = [0.9780092239379883, -1.9900538921356201, 0.4781013727, 2.976523161];
    let [a, b, c, d] = decayed;
    check(AdamW::new(0.01).weight_decay(0.1), [a, b, c, d, 0.23705525696277618]);
    let without_b = AdamW::new(0.01).weight_decay(0.1).mask(|path| path.to_string() == "a");
    check(without_b, [a, b, c, d, 0.23778362572193146]);
}

#[test]
fn clipping_is_optax_s() {
    let clipped = chain([clip_by_global_norm(0.5), adam(0.01)]);
    check(clipped, [0.9821478128433228, -1.9986613988876343, 0.4816702008, 2.985692978, 0.2397400439]);
    let some_steps = chain([clip_by_global_norm(3.0), sgd(0.1)]);
    check(some_steps, [0.9138210415840149, -2.113084316253662, 0.4843994379, 2.889319897, 0.196010217]);
}

#[test]
fn scheduled_rates_are_optax_s() {
    let rate = |count: &Tensor| 0.1 / (count + 1.0);
    check(sgd(rate), [0.9375, -1.9916666746139526, 0.316666663, 2.960416794, -0.016_666_668]);
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

/// By hand: at the first step both means are the gradient's, so a step is the
/// rate times the sign; momentum is the gradient itself.
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
    assert_eq!(parts[0].leaves("mu").unwrap().len(), 2);
}

#[track_caller]
fn assert_message(result: Result<impl Sized>, expected: &str) {
    let message = result.err().expect("an error").to_string();
    assert!(message.contains(expected), "{message}\nis not about\n{expected}");
    assert!(message.starts_with(file!()), "not the caller's line: {message}");
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
    let of_sgd = sgd(0.1).init(&grads);
    assert_message(adam(0.1).update(&grads, &of_sgd, None), "a chain of 2 has a state of 1");
    assert_message(adam(0.1).update(&grads, &State::empty(), None), "a chain of 2 has a state of one");
    assert_message(scale_by_adam().update(&grads, &State::empty(), None), "there is no tensor `count`");
}

#[test]
fn hyper_parameters_out_of_range_are_refused() {
    let grads = start();
    let refused = |optimizer: Optimizer, expected: &str| {
        let result = optimizer.update(&grads, &optimizer.init(&grads), Some(&grads));
        assert_message(result, expected);
    };
    refused(adam(f64::NAN), "learning_rate is NaN, expected a finite number");
    refused(Adam::new(0.1).b1(1.0).into(), "adam: b1 is 1, expected a number in [0, 1)");
    refused(Adam::new(0.1).b2(-0.5).into(), "adam: b2 is -0.5, expected a number in [0, 1)");
    refused(Adam::new(0.1).eps(-1.0).into(), "adam: eps is -1, expected a finite number, not negative");
    refused(Sgd::new(0.1).momentum(1.5).into(), "momentum: decay is 1.5, expected a number in [0, 1)");
    refused(clip_by_global_norm(0.0), "clip_by_global_norm: max_norm is 0, expected a positive number");
    refused(scale(f64::INFINITY), "scale: factor is inf, expected a finite number");
    refused(AdamW::new(0.1).weight_decay(f64::NAN).into(), "weight_decay is NaN, expected a finite number");
    let of_shape = sgd(|count: &Tensor| (count + 0.1).broadcast_to([3]));
    refused(of_shape, "a schedule: what its function returned is f32[3], expected a float of shape []");
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
    let expected =
        "chain[ClipByGlobalNorm { max_norm: 1.0 }, chain[ScaleByLearningRate { learning_rate: 0.1 }]]";
    assert_eq!(format!("{optimizer:?}"), expected);
    assert_eq!(optimizer, optimizer.clone());
    assert_ne!(optimizer, sgd(0.1));
}
