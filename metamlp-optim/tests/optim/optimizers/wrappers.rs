//! Wrappers: their state, and the parameters that they leave unchanged.

use metamlp_optim::*;
use metamlp_tensor::{F64, Tensor, Tree, jit};

use super::{gradients, numbers, params, start, step};

fn paths(state: &State) -> Vec<String> {
    state.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect()
}

#[test]
fn a_masked_optimizer_keeps_nothing_of_the_others() {
    let optimizer = masked(adam(0.1), |path| path.to_string() == "b");
    let state = optimizer.init(&start());
    assert_eq!(paths(&state), ["inner_state/0/count", "inner_state/0/mu/b", "inner_state/0/nu/b"]);
    let (moved, _) = step(&optimizer, &start(), &gradients()[0], &state).unwrap();
    // The updates of `a` are unchanged.
    assert_eq!(numbers(&moved)[..4], [1.5, -3.0, 2.5, 3.0]);
}

#[test]
fn a_partition_gives_each_its_own_state() {
    let optimizer =
        partition([("slow", Sgd::new(0.1).momentum(0.9).into()), ("still", set_to_zero())], |path| {
            if path.to_string() == "a" { "slow" } else { "still" }
        });
    let state = optimizer.init(&start());
    assert_eq!(paths(&state), ["inner_states/slow/inner_state/0/trace/a"]);
    let (moved, _) = step(&optimizer, &start(), &gradients()[0], &state).unwrap();
    assert_eq!(numbers(&moved)[4], 0.25);
}

#[test]
fn frozen_parameters_stay() {
    let optimizer = chain([adamw(0.1), freeze(|path| path.to_string() == "a")]);
    let (moved, _) = step(&optimizer, &start(), &gradients()[0], &optimizer.init(&start())).unwrap();
    assert_eq!(numbers(&moved)[..4], numbers(&start())[..4]);
    assert_ne!(numbers(&moved)[4], 0.25);
}

#[test]
fn many_small_steps_are_a_large_one() {
    let (large, small) = (adam(0.1), multi_steps(adam(0.1), 3));
    let mean = |i: usize| gradients().iter().map(|g| numbers(g)[i]).sum::<f32>() / 3.0;
    let mean = params([mean(0), mean(1), mean(2), mean(3)], mean(4));
    let (at_once, _) = step(&large, &start(), &mean, &large.init(&start())).unwrap();
    let (mut moved, mut state) = (start(), small.init(&start()));
    for (i, grads) in gradients().iter().enumerate() {
        assert_eq!(numbers(&moved), numbers(&start()), "no step before the third gradient");
        assert_eq!(state.tensor("mini_step").unwrap().item::<i32>().unwrap(), i as i32);
        (moved, state) = step(&small, &moved, grads, &state).unwrap();
    }
    assert_eq!(state.tensor("gradient_step").unwrap().item::<i32>().unwrap(), 1);
    assert_eq!(numbers(&state.get("acc_grads").unwrap().clone()), [0.0; 5]);
    for (found, expected) in numbers(&moved).into_iter().zip(numbers(&at_once)) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn steps_that_are_not_finite_are_left_out_until_there_are_too_many() {
    let optimizer = apply_if_finite(Sgd::new(1.0).momentum(0.5), 2);
    let bad = params([f32::NAN, 1.0, 1.0, 1.0], 1.0);
    let (mut moved, mut state) = (start(), optimizer.init(&start()));
    for expected in [1, 2] {
        (moved, state) = step(&optimizer, &moved, &bad, &state).unwrap();
        assert_eq!(numbers(&moved), numbers(&start()));
        assert_eq!(state.tensor("notfinite_count").unwrap().item::<i32>().unwrap(), expected);
        assert!(!state.tensor("last_finite").unwrap().item::<bool>().unwrap());
    }
    (moved, state) = step(&optimizer, &moved, &bad, &state).unwrap();
    assert!(numbers(&moved)[0].is_nan() && numbers(&moved)[1] == -3.0);
    assert_eq!(state.tensor("total_notfinite").unwrap().item::<i32>().unwrap(), 3);
}

#[test]
fn injected_hyperparams_are_read_and_set_without_another_program() {
    let optimizer = chain([
        clip(10.0),
        inject_hyperparams([("learning_rate", 0.5), ("momentum", 0.0)], |[rate, momentum]| {
            Sgd::new(rate).momentum(momentum)
        }),
    ]);
    let mut state = optimizer.init(&start());
    assert_eq!(
        paths(&state),
        [
            "1/count",
            "1/hyperparams/learning_rate",
            "1/hyperparams/momentum",
            "1/inner_state/0/trace/a",
            "1/inner_state/0/trace/b"
        ]
    );
    assert_eq!(state.hyperparam("learning_rate").unwrap().item::<f32>().unwrap(), 0.5);
    let inner = optimizer.clone();
    let compiled = jit(move |params: super::Params, grads: super::Params, state: State| {
        step(&inner, &params, &grads, &state)
    });
    let mut moved = start();
    (moved, state) = compiled(moved, gradients()[0].clone(), state).unwrap();
    assert_eq!(numbers(&moved)[0], 0.75);
    state = state.with_hyperparam("learning_rate", 0.0).unwrap();
    let (same, _) = compiled(moved.clone(), gradients()[0].clone(), state.clone()).unwrap();
    assert_eq!(numbers(&same), numbers(&moved));

    let message = state.hyperparam("rate").unwrap_err().to_string();
    assert!(
        message.contains("name is `rate`, expected a hyper-parameter that is injected once"),
        "{message}"
    );
    assert!(message.starts_with(file!()), "{message}");
    let message = state.with_hyperparam("momentum", Tensor::scalar(1)).unwrap_err().to_string();
    assert!(message.contains("value is i32[], expected a float of shape []"), "{message}");
}

#[test]
fn injected_schedules_are_shown_in_the_state() {
    let optimizer =
        inject_hyperparams([("learning_rate", linear_schedule(1.0, 0.0, 4))], |[rate]| adam(rate));
    let (mut moved, mut state) = (start(), optimizer.init(&start()));
    for expected in [1.0, 0.75, 0.5] {
        (moved, state) = step(&optimizer, &moved, &gradients()[0], &state).unwrap();
        assert_eq!(state.hyperparam("learning_rate").unwrap().item::<f32>().unwrap(), expected);
    }
}

#[test]
fn hyperparams_are_of_the_widest_dtype() {
    let wide = (Tensor::ones([2], F64), Tensor::scalar(1.0f32));
    let optimizer = inject_hyperparams([("rate", 0.1)], |[rate]| adam(rate));
    let (updates, state) = optimizer.update(&wide, &optimizer.init(&wide), None).unwrap();
    assert_eq!(state.hyperparam("rate").unwrap().dtype(), F64);
    assert_eq!((updates.0.dtype(), updates.1.dtype()), (F64, metamlp_tensor::F32));
}

#[test]
fn wrapped_optimizers_run_in_one_program() {
    let optimizer = chain([
        zero_nans(),
        apply_if_finite(multi_steps(masked(lamb(cosine_decay_schedule(0.1, 5)), |_| true), 2), 3),
        keep_params_nonnegative(),
    ]);
    let inner = optimizer.clone();
    let compiled = jit(move |params: super::Params, grads: super::Params, state: State| {
        step(&inner, &params, &grads, &state)
    });
    let (mut one, mut one_state) = (start(), optimizer.init(&start()));
    let (mut other, mut other_state) = (start(), optimizer.init(&start()));
    for grads in gradients().into_iter().chain(gradients()) {
        (one, one_state) = step(&optimizer, &one, &grads, &one_state).unwrap();
        (other, other_state) = compiled(other, grads, other_state).unwrap();
    }
    assert_eq!(numbers(&one), numbers(&other));
    assert_eq!(numbers(&one_state), numbers(&other_state));
}
