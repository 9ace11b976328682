//! A training as in the README: a state that crosses `jit`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp::Map;
use metamlp::prelude::*;

#[derive(Clone, Tree)]
struct Batch {
    x: Tensor,
    y: Tensor,
}

#[module]
struct Net {
    hidden: usize,
}

#[compact]
impl Net {
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        let x = Dense::new(self.hidden).call(x);
        let x = BatchNorm::new().use_running_average(!train).momentum(0.5).call(&x);
        Dense::new(1).call(&relu(&x))
    }
}

fn batch(seed: i64) -> Batch {
    let x = random::normal(Key::new(seed), [32, 4]);
    let y = x.slice_axis(-1, 0, 1) * 2.0 - x.slice_axis(-1, 1, 2);
    Batch { x, y }
}

fn start(tx: optim::Optimizer) -> (Net, TrainState) {
    let model = Net::new(16);
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 4], F32), false)).unwrap();
    let state = TrainState::new(&model, variables, tx);
    (model, state)
}

#[test]
fn the_program_of_the_design_trains() {
    let tx = optim::chain([optim::clip_by_global_norm(1.0), optim::adam(1e-2)]);
    let (model, mut state) = start(tx);
    let traces = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&traces);
    let step = jit(move |state: TrainState, batch: Batch| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (loss, grads) = value_and_grad(&state.params, |p| {
            let y = model.apply(&state.variables(p), Options::new(), |m| m.call(&batch.x, false))?;
            Ok((y - &batch.y).square().mean_all())
        })?;
        Ok((state.apply_gradients(&grads)?, loss))
    });
    let mut losses = Vec::new();
    for seed in 0..200 {
        let (next, loss) = step(state, batch(seed)).unwrap();
        state = next;
        losses.push(loss.item::<f32>().unwrap());
    }
    assert_eq!(state.step.item::<i32>().unwrap(), 200);
    assert_eq!(traces.load(Ordering::Relaxed), 1);
    assert!(losses[199] < 0.05 * losses[0], "{} to {}", losses[0], losses[199]);
    assert!(format!("{state:?}").starts_with("TrainState { model: \"Net\", step: "), "{state:?}");
}

#[test]
fn other_collections_are_carried_and_updated() {
    let (model, state) = start(optim::sgd(0.1));
    assert_eq!(state.collections.names().collect::<Vec<_>>(), ["batch_stats"]);
    let Batch { x, .. } = batch(1);
    let (_, updates) = model
        .apply_mut(&state.variables(&state.params), Options::new().mutable("batch_stats"), |m| {
            m.call(&x, true)
        })
        .unwrap();
    let before = state.collections.clone();
    let state = state.updated(updates);
    let mean = |collections: &Variables| {
        collections["batch_stats"]["BatchNorm_0"]["mean"].as_tensor().unwrap().to_vec::<f32>().unwrap()
    };
    assert_eq!(mean(&before), [0.0; 16]);
    assert_ne!(mean(&state.collections), [0.0; 16]);
    let stepped = state.apply_gradients(&state.params).unwrap();
    assert_eq!(mean(&stepped.collections), mean(&state.collections));
    assert_eq!(stepped.params.names().collect::<Vec<_>>(), state.params.names().collect::<Vec<_>>());
}

#[test]
fn a_step_outside_of_jit_is_the_step_inside() {
    let (_, state) = start(optim::adamw(0.1));
    let grads = state.params.map(&mut |param| param * 0.5 + 1.0);
    let eager = state.apply_gradients(&grads).unwrap();
    assert!(eager.tensors().iter().all(Tensor::is_concrete));
    let step = jit(|state: TrainState, grads: Map| state.apply_gradients(&grads));
    let compiled = step(state, grads).unwrap();
    let numbers = |state: &TrainState| -> Vec<f32> {
        state.tensors().iter().flat_map(|tensor| tensor.convert(F32).to_vec::<f32>().unwrap()).collect()
    };
    assert_eq!(numbers(&eager), numbers(&compiled));
}

#[test]
fn another_optimizer_is_another_program() {
    let step = jit(|state: TrainState, grads: Map| state.apply_gradients(&grads));
    let moved = |tx: optim::Optimizer| {
        let (_, state) = start(tx);
        let ones = state.params.map(&mut Tensor::ones_like);
        let bias = step(state, ones).unwrap().params["Dense_1"]["bias"].clone();
        bias.as_tensor().unwrap().item::<f32>().unwrap()
    };
    assert_eq!(moved(optim::sgd(0.5)), -0.5);
    assert_eq!(moved(optim::sgd(0.25)), -0.25);
}

#[test]
fn gradients_that_do_not_fit_are_told_at_the_caller_s_line() {
    let (_, state) = start(optim::adam(0.1));
    let mut grads = state.params.clone();
    grads.remove("Dense_1");
    let message = state.apply_gradients(&grads).unwrap_err().to_string();
    assert!(message.starts_with(file!()), "{message}");
    let expected = "`Dense_1/kernel` is in the parameters and not in the gradients";
    assert!(message.ends_with(expected), "{message}");
}
