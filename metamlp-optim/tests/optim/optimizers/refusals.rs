//! Hyper-parameters out of range: the error names the optimizer, the field, the found and the expected
//! value, and the caller's line.

use metamlp_optim::*;
use metamlp_tensor::random::Key;
use metamlp_tensor::{Error, F32, Tensor};

use super::{assert_message, start};

#[track_caller]
fn refused(optimizer: impl Into<Optimizer>, expected: &str) {
    let (optimizer, grads) = (optimizer.into(), start());
    let result = optimizer.update(&grads, &optimizer.init(&grads), Some(&grads));
    assert!(matches!(result, Err(Error::Argument { .. })), "{optimizer:?}: {result:?}");
    assert_message(result, expected);
}

const DECAY: &str = "expected a number in [0, 1)";
const NOT_NEGATIVE: &str = "expected a finite f32, not negative";

type Make = fn(f64) -> Optimizer;

/// The optimizer's name, the field, a constructor with a number in it, invalid numbers, and the
/// expected range.
const FIELDS: &[(&str, &str, Make, &[f64], &str)] = &[
    ("sgd", "learning_rate", |x| sgd(x), RATES, NOT_NEGATIVE),
    ("sgd", "decay", |x| Sgd::new(0.1).momentum(x).into(), DECAYS, DECAY),
    ("adam", "learning_rate", |x| adam(x), RATES, NOT_NEGATIVE),
    ("adam", "b1", |x| Adam::new(0.1).b1(x).into(), DECAYS, DECAY),
    ("adam", "b2", |x| Adam::new(0.1).b2(x).into(), DECAYS, DECAY),
    ("adam", "eps", |x| Adam::new(0.1).eps(x).into(), RATES, NOT_NEGATIVE),
    ("adam", "eps_root", |x| Adam::new(0.1).eps_root(x).into(), RATES, NOT_NEGATIVE),
    ("adamw", "weight_decay", |x| AdamW::new(0.1).weight_decay(x).into(), RATES, NOT_NEGATIVE),
    ("adamw", "weight_decay", |x| AdamW::new(0.1).weight_decay(x).mask(|_| true).into(), RATES, NOT_NEGATIVE),
    ("adamax", "b1", |x| Adamax::new(0.1).b1(x).into(), DECAYS, DECAY),
    ("adamaxw", "b2", |x| AdamaxW::new(0.1).b2(x).into(), DECAYS, DECAY),
    ("amsgrad", "eps", |x| Amsgrad::new(0.1).eps(x).into(), RATES, NOT_NEGATIVE),
    ("radam", "b2", |x| Radam::new(0.1).b2(x).into(), DECAYS, DECAY),
    ("radam", "threshold", |x| Radam::new(0.1).threshold(x).into(), NOT_FINITE, "expected a finite f32"),
    ("adabelief", "b1", |x| AdaBelief::new(0.1).b1(x).into(), DECAYS, DECAY),
    ("yogi", "eps", |x| Yogi::new(0.1).eps(x).into(), RATES, NOT_NEGATIVE),
    ("lion", "b1", |x| Lion::new(0.1).b1(x).into(), DECAYS, DECAY),
    ("lion", "weight_decay", |x| Lion::new(0.1).weight_decay(x).into(), RATES, NOT_NEGATIVE),
    ("lamb", "eps", |x| Lamb::new(0.1).eps(x).into(), RATES, NOT_NEGATIVE),
    ("lars", "decay", |x| Lars::new(0.1).momentum(x).into(), DECAYS, DECAY),
    ("lars", "trust_coefficient", |x| Lars::new(0.1).trust_coefficient(x).into(), RATES, NOT_NEGATIVE),
    ("rmsprop", "decay", |x| RmsProp::new(0.1).decay(x).into(), DECAYS, DECAY),
    ("rmsprop", "initial_scale", |x| RmsProp::new(0.1).initial_scale(x).into(), RATES, NOT_NEGATIVE),
    ("rmsprop", "eps", |x| RmsProp::new(0.1).centered(true).eps(x).into(), RATES, NOT_NEGATIVE),
    ("adagrad", "eps", |x| Adagrad::new(0.1).eps(x).into(), RATES, NOT_NEGATIVE),
    (
        "adagrad",
        "initial_accumulator_value",
        |x| Adagrad::new(0.1).initial_accumulator_value(x).into(),
        RATES,
        NOT_NEGATIVE,
    ),
    ("adadelta", "rho", |x| Adadelta::new(0.1).rho(x).into(), DECAYS, DECAY),
    ("adafactor", "decay_rate", |x| Adafactor::new(0.1).decay_rate(x).into(), RATES, NOT_NEGATIVE),
    ("adafactor", "threshold", |x| Adafactor::new(0.1).clipping_threshold(x).into(), SIZES, POSITIVE),
    ("noisy_sgd", "learning_rate", |x| noisy_sgd(x, Key::new(0)), RATES, NOT_NEGATIVE),
    ("sign_sgd", "learning_rate", |x| sign_sgd(x), RATES, NOT_NEGATIVE),
    ("trace", "decay", |x| trace(x), DECAYS, DECAY),
    ("ema", "decay", |x| ema(x), DECAYS, DECAY),
    ("scale", "factor", |x| scale(x), NOT_FINITE, "expected a finite f32"),
    ("scale_by_schedule", "step_size", |x| scale_by_schedule(x), NOT_FINITE, "expected a finite f32"),
    ("clip", "max_delta", |x| clip(x), SIZES, POSITIVE),
    ("clip_by_block_rms", "threshold", |x| clip_by_block_rms(x), SIZES, POSITIVE),
    ("clip_by_global_norm", "max_norm", |x| clip_by_global_norm(x), SIZES, POSITIVE),
    ("add_decayed_weights", "weight_decay", |x| add_decayed_weights(x), RATES, NOT_NEGATIVE),
    ("add_noise", "eta", |x| add_noise(x, 0.5, Key::new(0)), RATES, NOT_NEGATIVE),
    ("add_noise", "gamma", |x| add_noise(0.5, x, Key::new(0)), RATES, NOT_NEGATIVE),
    ("normalize_by_update_norm", "eps", |x| NormalizeByUpdateNorm::new().eps(x).into(), RATES, NOT_NEGATIVE),
    ("scale_by_param_block_rms", "min_scale", |x| scale_by_param_block_rms(x), RATES, NOT_NEGATIVE),
    (
        "scale_by_trust_ratio",
        "min_norm",
        |x| ScaleByTrustRatio::new().min_norm(x).into(),
        RATES,
        NOT_NEGATIVE,
    ),
    ("adam", "b1", |x| masked(Adam::new(0.1).b1(x), |_| true), DECAYS, DECAY),
    ("adam", "b1", |x| partition([("all", Adam::new(0.1).b1(x).into())], |_| "all"), DECAYS, DECAY),
    ("adam", "b1", |x| multi_steps(Adam::new(0.1).b1(x), 2), DECAYS, DECAY),
    ("adam", "b1", |x| apply_if_finite(Adam::new(0.1).b1(x), 2), DECAYS, DECAY),
    ("adam", "b1", |x| inject_hyperparams([("b", x)], |[b]| Adam::new(0.1).b1(b)), DECAYS, DECAY),
    (
        "adam",
        "learning_rate",
        |x| inject_hyperparams([("rate", x)], |[rate]| adam(rate)),
        RATES,
        NOT_NEGATIVE,
    ),
];

const RATES: &[f64] = &[-1e-3, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300];
const DECAYS: &[f64] = &[1.0, -0.1, 1e30, f64::NAN, f64::INFINITY];
const SIZES: &[f64] = &[0.0, -1.0, f64::NAN, f64::NEG_INFINITY];
const NOT_FINITE: &[f64] = &[f64::NAN, f64::INFINITY, 1e300];
const POSITIVE: &str = "expected a positive number";

#[test]
fn numbers_out_of_range_are_refused() {
    for (optimizer, field, make, numbers, expected) in FIELDS {
        for &number in *numbers {
            refused(make(number), &format!("{optimizer}: {field} is {number}, {expected}"));
        }
    }
}

#[test]
fn counts_of_steps_out_of_range_are_refused() {
    let expected = "k is 0, expected a number of steps, 1 to 2147483647";
    refused(apply_every(0), &format!("apply_every: {expected}"));
    refused(multi_steps(sgd(0.1), 0), &format!("multi_steps: {expected}"));
    refused(
        multi_steps(sgd(0.1), usize::MAX),
        "multi_steps: k is 18446744073709552000, expected a number of",
    );
}

#[test]
fn tensors_that_are_no_number_are_refused() {
    let expected = "adam: b1 is f32[2], expected a float of shape []";
    refused(Adam::new(0.1).b1(Tensor::ones([2], F32)), expected);
    refused(adam(Tensor::scalar(1)), "adam: learning_rate is i32[], expected a float of shape []");
}

#[test]
fn a_label_without_an_optimizer_is_refused() {
    let optimizer =
        partition(
            [("x", sgd(0.1)), ("y", adam(0.1))],
            |path| {
                if path.to_string() == "a" { "x" } else { "z" }
            },
        );
    refused(optimizer, "partition: label is `z` for `b`, expected one of [\"x\", \"y\"]");
}

#[test]
fn what_needs_the_parameters_says_so() {
    let needing = [
        keep_params_nonnegative(),
        scale_by_param_block_rms(1e-3),
        scale_by_trust_ratio(),
        lamb(0.1),
        lars(0.1),
        adafactor(0.1),
        masked(add_decayed_weights(0.1), |_| true),
    ];
    for optimizer in needing {
        let result = optimizer.update(&start(), &optimizer.init(&start()), None);
        assert_message(result, "params is None, expected the parameters");
    }
}

#[test]
fn schedules_out_of_range_are_refused() {
    let cases: Vec<(Schedule, &str)> = vec![
        (linear_schedule(f64::NAN, 0.0, 5), "polynomial_schedule: init_value is NaN, expected a finite f32"),
        (polynomial_schedule(1.0, 0.0, -1.0, 5), "polynomial_schedule: power is -1, expected a finite f32"),
        (exponential_decay(1.0, 5, -0.5), "exponential_decay: decay_rate is -0.5, expected a finite f32"),
        (
            cosine_decay_schedule(1.0, 0),
            "cosine_decay_schedule: decay_steps is 0, expected a number of steps",
        ),
        (CosineDecay::new(1.0, 5).alpha(1e300).into(), "cosine_decay_schedule: alpha is 1"),
        (
            warmup_cosine_decay_schedule(0.0, 1.0, 10, 10),
            "warmup_cosine_decay_schedule: decay_steps is 10, expected more than warmup_steps, which is 10",
        ),
        (piecewise_constant_schedule(1.0, [(5, -1.0)]), "piecewise_constant_schedule: scale is -1"),
        (linear_onecycle_schedule(0, 1.0), "linear_onecycle_schedule: transition_steps is 0"),
        (CosineOnecycle::new(5, 1.0).div_factor(0.0).into(), "cosine_onecycle_schedule: div_factor is 0"),
        (LinearOnecycle::new(5, 1.0).pct_final(2.0).into(), "linear_onecycle_schedule: pct_final is 2"),
        (join_schedules([], []), "join_schedules: schedules is empty, expected one or more"),
        (
            join_schedules([0.1.into(), 0.2.into()], [3, 5]),
            "join_schedules: boundaries is [3, 5], expected 1 in ascending order, one less than schedules",
        ),
        (sgdr_schedule([]), "join_schedules: schedules is empty, expected one or more"),
    ];
    for (schedule, expected) in cases {
        refused(sgd(schedule), expected);
    }
}
