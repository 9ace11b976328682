//! Each public function that can fail, in a wrong call whose error must name the caller's line.

use std::path::Path;

use metamlp_optim::losses::*;
use metamlp_optim::metrics::{Accuracy, Average, ConfusionMatrix, Welford};
use metamlp_optim::*;
use metamlp_tensor::random::Key;
use metamlp_tensor::{Error, F32, I32, Result, Tensor};

use crate::lines::{WrongCall, forgotten, misplaced, wrong};

const NAN: f64 = f64::NAN;

fn three() -> Tensor {
    Tensor::ones([3], F32)
}

fn integers() -> Tensor {
    Tensor::ones([2, 3], I32)
}

/// An error that a tensor carries, of another line than those below.
fn count_of_two() -> Tensor {
    Tensor::ones([2], F32)
}

fn losses() -> Vec<WrongCall> {
    let (x, y, n) = (&Tensor::ones([2, 3], F32), &three(), &integers());
    let frames = &Tensor::ones([1, 2, 3], F32);
    vec![
        wrong("convex_kl_divergence", || convex_kl_divergence(x, y)),
        wrong("cosine_distance", || cosine_distance(x, y)),
        wrong("cosine_distance_with_epsilon", || cosine_distance_with_epsilon(x, x, NAN)),
        wrong("cosine_distance", || cosine_distance(&Tensor::scalar(1f32), &Tensor::scalar(1f32))),
        wrong("cosine_similarity", || cosine_similarity(n, n)),
        wrong("cosine_similarity_with_epsilon", || cosine_similarity_with_epsilon(x, x, -1.0)),
        wrong("ctc_loss", || ctc_loss(x, x, n, n)),
        wrong("ctc_loss_with_blank_id", || ctc_loss_with_blank_id(frames, x, n, n, 3)),
        wrong("generalized_kl_divergence", || generalized_kl_divergence(x, y)),
        wrong("hinge_loss", || hinge_loss(x, y)),
        wrong("huber_loss", || huber_loss(x, y)),
        wrong("huber_loss_with_delta", || huber_loss_with_delta(x, x, NAN)),
        wrong("kl_divergence", || kl_divergence(x, y)),
        wrong("kl_divergence", || kl_divergence(&Tensor::scalar(1f32), &Tensor::scalar(1f32))),
        wrong("kl_divergence_with_log_targets", || kl_divergence_with_log_targets(x, y)),
        wrong("l2_loss", || l2_loss(x, y)),
        wrong("log_cosh", || log_cosh(x, y)),
        wrong("poly_loss_cross_entropy", || poly_loss_cross_entropy(x, y)),
        wrong("poly_loss_cross_entropy", || {
            poly_loss_cross_entropy(&Tensor::scalar(1f32), &Tensor::scalar(1f32))
        }),
        wrong("poly_loss_cross_entropy_with_epsilon", || poly_loss_cross_entropy_with_epsilon(x, x, NAN)),
        wrong("sigmoid_binary_cross_entropy", || sigmoid_binary_cross_entropy(x, y)),
        wrong("smooth_labels", || smooth_labels(x, 2.0)),
        wrong("smooth_labels", || smooth_labels(&Tensor::scalar(1f32), 0.5)),
        wrong("softmax_cross_entropy", || softmax_cross_entropy(x, y)),
        wrong("softmax_cross_entropy", || {
            softmax_cross_entropy(&Tensor::scalar(1f32), &Tensor::scalar(1f32))
        }),
        wrong("softmax_cross_entropy_with_integer_labels", || {
            softmax_cross_entropy_with_integer_labels(x, x)
        }),
        wrong("squared_error", || squared_error(x, y)),
    ]
}

fn metrics() -> Vec<WrongCall> {
    let (x, y) = (&Tensor::ones([2, 3], F32), &three());
    let average = |count| Average { total: three(), count };
    let odd = &average(count_of_two());
    let accuracy = &Accuracy { average: odd.clone() };
    let welford = &Welford { count: count_of_two(), mean: three(), m2: three() };
    let matrix = &ConfusionMatrix { counts: Tensor::ones([2, 3], I32) };
    let flat = &ConfusionMatrix { counts: Tensor::scalar(1) };
    vec![
        wrong("Accuracy::compute", || accuracy.compute()),
        wrong("Accuracy::merge", || accuracy.merge(&Accuracy { average: average(Tensor::ones([5], F32)) })),
        wrong("Accuracy::update", || Accuracy::new().update(x, y)),
        wrong("Accuracy::update_binary", || Accuracy::new().update_binary(x, y, 0.5)),
        wrong("Accuracy::update_masked", || Accuracy::new().update_masked(x, &Tensor::ones([2], I32), y)),
        wrong("Average::compute", || odd.compute()),
        wrong("Average::merge", || odd.merge(&average(Tensor::ones([5], F32)))),
        wrong("Average::update", || Average::new().update(&Tensor::spec([2], F32))),
        wrong("Average::update_masked", || Average::new().update_masked(x, y)),
        wrong("ConfusionMatrix::compute", || ConfusionMatrix { counts: y.reshape([4]) }.compute()),
        wrong("ConfusionMatrix::merge", || matrix.merge(&ConfusionMatrix::new(5))),
        wrong("ConfusionMatrix::precision", || flat.precision()),
        wrong("ConfusionMatrix::recall", || matrix.recall()),
        wrong("ConfusionMatrix::recall", || flat.recall()),
        wrong("ConfusionMatrix::update", || ConfusionMatrix::new(2).update(x, &Tensor::ones([2], I32))),
        wrong("ConfusionMatrix::update", || flat.update(x, &Tensor::ones([2], I32))),
        wrong("Welford::compute", || welford.compute().standard_deviation),
        wrong("Welford::merge", || {
            welford.merge(&Welford { mean: Tensor::ones([5], F32), ..welford.clone() })
        }),
        wrong("Welford::update", || Welford::new().update(&Tensor::spec([2], F32))),
        wrong("Welford::update", || welford.update(x)),
    ]
}

/// One step, whose error must name the line that calls this.
#[track_caller]
fn step(optimizer: impl Into<Optimizer>) -> Result<Tensor> {
    let (optimizer, grads) = (optimizer.into(), three());
    optimizer.update(&grads, &optimizer.init(&grads), Some(&grads)).map(|(updates, _)| updates)
}

/// A step with the state of other parameters.
#[track_caller]
fn with_other_state(optimizer: impl Into<Optimizer>) -> Result<Tensor> {
    let optimizer = optimizer.into();
    let state = optimizer.init(&Tensor::ones([5], F32));
    optimizer.update(&three(), &state, Some(&three())).map(|(updates, _)| updates)
}

/// A step without the parameters.
#[track_caller]
fn without_params(optimizer: impl Into<Optimizer>) -> Result<Tensor> {
    let (optimizer, grads) = (optimizer.into(), three());
    optimizer.update(&grads, &optimizer.init(&grads), None).map(|(updates, _)| updates)
}

/// A step with a state that belongs to no transformation.
#[track_caller]
fn with_count_state(optimizer: impl Into<Optimizer>) -> Result<Tensor> {
    optimizer.into().update(&three(), &State::count(), Some(&three())).map(|(updates, _)| updates)
}

fn optimizers() -> Vec<WrongCall> {
    vec![
        wrong("adabelief", || step(adabelief(NAN))),
        wrong("adadelta", || step(adadelta(NAN))),
        wrong("adafactor", || step(adafactor(NAN))),
        wrong("adagrad", || step(adagrad(NAN))),
        wrong("adam", || step(adam(NAN))),
        wrong("adam", || with_other_state(adam(0.1))),
        wrong("adamax", || step(adamax(NAN))),
        wrong("adamaxw", || step(adamaxw(NAN))),
        wrong("adamw", || step(adamw(NAN))),
        wrong("amsgrad", || step(amsgrad(NAN))),
        wrong("lamb", || step(lamb(NAN))),
        wrong("lars", || step(lars(NAN))),
        wrong("lars", || without_params(lars(0.1))),
        wrong("lion", || step(lion(NAN))),
        wrong("nadam", || step(nadam(NAN))),
        wrong("nadamw", || step(nadamw(NAN))),
        wrong("noisy_sgd", || step(noisy_sgd(NAN, Key::new(0)))),
        wrong("radam", || step(radam(NAN))),
        wrong("rmsprop", || step(rmsprop(NAN))),
        wrong("sgd", || step(sgd(NAN))),
        wrong("sign_sgd", || step(sign_sgd(NAN))),
        wrong("yogi", || step(yogi(NAN))),
        wrong("AddDecayedWeights::new", || step(AddDecayedWeights::new(NAN))),
        wrong("MultiSteps::new", || step(MultiSteps::new(sgd(0.1), 0))),
    ]
}

fn transformations() -> Vec<WrongCall> {
    vec![
        wrong("add_decayed_weights", || step(add_decayed_weights(NAN))),
        wrong("add_decayed_weights", || without_params(add_decayed_weights(0.1))),
        wrong("add_noise", || step(add_noise(NAN, 0.5, Key::new(0)))),
        wrong("apply_every", || step(apply_every(0))),
        wrong("apply_if_finite", || with_count_state(apply_if_finite(sgd(0.1), 2))),
        wrong("chain", || with_count_state(chain([sgd(0.1)]))),
        wrong("clip", || step(clip(NAN))),
        wrong("clip_by_block_rms", || step(clip_by_block_rms(NAN))),
        wrong("clip_by_global_norm", || step(clip_by_global_norm(NAN))),
        wrong("ema", || step(ema(NAN))),
        wrong("freeze", || with_count_state(freeze(|_| true))),
        wrong("inject_hyperparams", || step(inject_hyperparams([("rate", NAN)], |[rate]| sgd(rate)))),
        wrong("keep_params_nonnegative", || without_params(keep_params_nonnegative())),
        wrong("masked", || with_count_state(masked(sgd(0.1), |_| true))),
        wrong("multi_steps", || step(multi_steps(sgd(0.1), 0))),
        wrong("multi_transform", || step(multi_transform([("a", sgd(0.1))], |_| "b"))),
        wrong("normalize_by_update_norm", || step(NormalizeByUpdateNorm::new().eps(NAN))),
        wrong("partition", || step(partition([("a", sgd(0.1))], |_| "b"))),
        wrong("scale", || step(scale(NAN))),
        wrong("scale", || step(scale(count_of_two()))),
        wrong("scale_by_adadelta", || with_other_state(scale_by_adadelta())),
        wrong("scale_by_adam", || with_other_state(scale_by_adam())),
        wrong("scale_by_adam", || with_odd_count(&scale_by_adam())),
        wrong("scale_by_adamax", || with_other_state(scale_by_adamax())),
        wrong("scale_by_amsgrad", || with_other_state(scale_by_amsgrad())),
        wrong("scale_by_belief", || with_other_state(scale_by_belief())),
        wrong("scale_by_factored_rms", || with_other_state(scale_by_factored_rms())),
        wrong("scale_by_learning_rate", || step(scale_by_learning_rate(NAN))),
        wrong("scale_by_lion", || with_other_state(scale_by_lion())),
        wrong("scale_by_param_block_norm", || without_params(scale_by_param_block_norm(0.1))),
        wrong("scale_by_param_block_rms", || without_params(scale_by_param_block_rms(0.1))),
        wrong("scale_by_radam", || with_other_state(scale_by_radam())),
        wrong("scale_by_rms", || with_other_state(scale_by_rms())),
        wrong("scale_by_rss", || with_other_state(scale_by_rss())),
        wrong("scale_by_schedule", || step(scale_by_schedule(|_: &Tensor| three()))),
        wrong("scale_by_stddev", || with_other_state(scale_by_stddev())),
        wrong("scale_by_trust_ratio", || without_params(scale_by_trust_ratio())),
        wrong("scale_by_yogi", || with_other_state(scale_by_yogi())),
        wrong("trace", || step(trace(NAN))),
        wrong("GradientTransformation::check", || step(ScaleByAdam::new().b1(NAN))),
        wrong("GradientTransformation::init", || step(Refused)),
        wrong("GradientTransformation::update", || step(Optimizer::new(Refused))),
        wrong("Optimizer::update", || {
            sgd(0.1).update(&three(), &sgd(0.1).init(&three()), Some(&count_of_two()))
        }),
        wrong("Optimizer::update", || sgd(0.1).update(&three().reshape([4]), &sgd(0.1).init(&three()), None)),
        wrong("apply_updates", || apply_updates(&three(), &count_of_two())),
        wrong("global_norm", || global_norm(&three().reshape([4]))),
    ]
}

/// A step with a step count of two elements in the state.
#[track_caller]
fn with_odd_count(optimizer: &Optimizer) -> Result<Tensor> {
    let State::Fields(mut fields) = optimizer.init(&three()) else { panic!("a state with fields") };
    fields[0].1 = Tensor::ones([2], I32).into();
    optimizer.update(&three(), &State::Fields(fields), None).map(|(updates, _)| updates)
}

/// A transformation of the user's that returns an error.
#[derive(Debug)]
struct Refused;

impl GradientTransformation for Refused {
    fn update(&self, _: Leaves, _: &State, _: Option<&Leaves>) -> Result<(Leaves, State)> {
        Err(Error::argument("refused", "updates", "all", "none"))
    }
}

fn states_and_trees() -> Vec<WrongCall> {
    let leaves = &Leaves::of(&three());
    let others = &Leaves::of(&(three(), three()));
    let state = &scale_by_adam().init(&three());
    let injected = &inject_hyperparams([("rate", 0.1)], |[rate]| sgd(rate)).init(&three());
    vec![
        wrong("State::hyperparam", || state.hyperparam("rate")),
        wrong("State::inner", || state.inner("rate")),
        wrong("State::leaves", || state.leaves("rate", leaves)),
        wrong("State::leaves", || state.leaves("mu", &Leaves::of(&count_of_two()))),
        wrong("State::leaves_at", || state.leaves_at("mu", others)),
        wrong("State::tensor", || state.tensor("rate")),
        wrong("State::with_hyperparam", || state.with_hyperparam("rate", 0.1)),
        wrong("State::with_hyperparam", || injected.with_hyperparam("rate", NAN)),
        wrong("Leaves::zip_map", || others.zip_map(leaves, |a, _| a.clone()).tensors()[1].clone()),
    ]
}

fn schedules() -> Vec<WrongCall> {
    let count = &Tensor::scalar(0);
    let points = || [(1, NAN)];
    vec![
        wrong("Schedule::at", || Schedule::new(|_| three()).at(count)),
        wrong("Schedule::new", || Schedule::new(|_| three()).at(count)),
        wrong("constant_schedule", || step(sgd(constant_schedule(NAN)))),
        wrong("cosine_decay_schedule", || cosine_decay_schedule(1.0, 0).at(count)),
        wrong("cosine_onecycle_schedule", || cosine_onecycle_schedule(0, 1.0).at(count)),
        wrong("exponential_decay", || exponential_decay(NAN, 1, 0.5).at(count)),
        wrong("join_schedules", || join_schedules([], []).at(count)),
        wrong("linear_onecycle_schedule", || linear_onecycle_schedule(0, 1.0).at(count)),
        wrong("linear_schedule", || linear_schedule(NAN, 1.0, 1).at(count)),
        wrong("piecewise_constant_schedule", || piecewise_constant_schedule(1.0, points()).at(count)),
        wrong("piecewise_interpolate_schedule", || {
            piecewise_interpolate_schedule(Interpolation::Linear, 1.0, points()).at(count)
        }),
        wrong("polynomial_schedule", || polynomial_schedule(NAN, 1.0, 1.0, 1).at(count)),
        wrong("sgdr_schedule", || sgdr_schedule([]).at(count)),
        wrong("warmup_constant_schedule", || warmup_constant_schedule(NAN, 1.0, 1).at(count)),
        wrong("warmup_cosine_decay_schedule", || warmup_cosine_decay_schedule(NAN, 1.0, 1, 2).at(count)),
        wrong("warmup_exponential_decay_schedule", || {
            warmup_exponential_decay_schedule(NAN, 1.0, 1, 1, 0.5).at(count)
        }),
    ]
}

fn wrong_calls() -> Vec<WrongCall> {
    let topics = [losses(), metrics(), optimizers(), transformations(), states_and_trees(), schedules()];
    topics.into_iter().flatten().collect()
}

/// Functions without an error, by the reason.
const CANNOT_FAIL: &[(&str, &[&str])] = &[
    (
        "a value that is read or wrapped",
        &[
            "Hyperparam::number",
            "Leaves::floats",
            "Leaves::is_empty",
            "Leaves::iter",
            "Leaves::len",
            "Leaves::of",
            "Leaves::tensors",
            "Schedule::constant",
            "State::get",
            "Optimizer::new",
        ],
    ),
    (
        "constants and lists of them",
        &[
            "Accuracy::new",
            "Average::new",
            "ConfusionMatrix::new",
            "Welford::new",
            "State::count",
            "State::empty",
            "State::fields",
            "State::zeros_like",
        ],
    ),
    ("the first update returns the error of a state", &["Optimizer::init"]),
    ("only the function that it is given can fail", &["Leaves::map"]),
    (
        "takes all trees of floats, and has no state",
        &["centralize", "identity", "scale_by_sign", "set_to_zero", "zero_nans"],
    ),
];

#[test]
fn an_error_names_the_callers_line() {
    let misplaced = misplaced(&wrong_calls());
    assert!(misplaced.is_empty(), "{misplaced:#?}");
}

#[test]
fn every_public_function_that_can_fail_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = forgotten(&source, &wrong_calls(), CANNOT_FAIL);
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
