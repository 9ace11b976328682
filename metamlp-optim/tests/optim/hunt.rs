//! Random calls of losses, metrics, optimizers and schedules: none panics.

use std::path::Path;

use metamlp_optim::losses::*;
use metamlp_optim::metrics::{Accuracy, Average, ConfusionMatrix, Statistics, Welford};
use metamlp_optim::*;
use metamlp_tensor::Tensor;

use crate::choices::Choices;
use crate::hunt_for_panics::{Call, not_hunted, panicked, tensors};

/// The calls that each run makes.
const CALLS: u64 = 3000;

/// Entries of a table: each function, called on `$arguments`.
macro_rules! calls {
    ($c:ident, $arguments:tt: $($name:ident)*) => {
        &[$((stringify!($name), |$c| vec![$name $arguments])),*]
    };
}

const LOSSES: &[(&str, Call)] = calls! { c, (&c.tensor(), &c.tensor()):
    convex_kl_divergence cosine_distance cosine_similarity generalized_kl_divergence hinge_loss huber_loss kl_divergence
    kl_divergence_with_log_targets l2_loss log_cosh poly_loss_cross_entropy sigmoid_binary_cross_entropy
    softmax_cross_entropy squared_error
};

const LOSSES_WITH_NUMBERS: &[(&str, Call)] = calls! { c, (&c.tensor(), &c.tensor(), c.float()):
    cosine_distance_with_epsilon cosine_similarity_with_epsilon huber_loss_with_delta poly_loss_cross_entropy_with_epsilon
};

/// Logits and what may be their labels.
fn classified(c: &mut Choices) -> (Tensor, Tensor) {
    let logits = c.tensor();
    let labels = match logits.shape().split_last() {
        Some((_, batch)) if c.flag() => Tensor::full(batch, c.integer(), c.dtype()),
        _ => c.integers(),
    };
    (logits, labels)
}

const OTHER_LOSSES: &[(&str, Call)] = &[
    ("softmax_cross_entropy_with_integer_labels", |c| {
        let (logits, labels) = classified(c);
        vec![softmax_cross_entropy_with_integer_labels(&logits, &labels)]
    }),
    ("smooth_labels", |c| vec![smooth_labels(&c.tensor(), c.float())]),
    ("ctc_loss", |c| vec![ctc_loss(&c.tensor(), &c.tensor(), &c.integers(), &c.tensor())]),
    ("ctc_loss_with_blank_id", |c| {
        let (batch, frames, classes, labels) = (c.small(), c.small(), c.small(), c.small());
        let float = |c: &mut Choices, shape: &[usize]| Tensor::full(shape, c.float(), metamlp_tensor::F32);
        let logits = float(c, &[batch, frames, classes]);
        let (of_logits, of_labels) = (float(c, &[batch, frames]), float(c, &[batch, labels]));
        let labels = Tensor::full([batch, labels], c.integer(), metamlp_tensor::I32);
        vec![ctc_loss_with_blank_id(&logits, &of_logits, &labels, &of_labels, c.count())]
    }),
    ("global_norm", |c| vec![global_norm(&(c.tensor(), c.tensor()))]),
];

/// A metric with any tensors in it.
fn average(c: &mut Choices) -> Average {
    if c.flag() { Average::new() } else { Average { total: c.tensor(), count: c.tensor() } }
}

fn matrix(c: &mut Choices) -> ConfusionMatrix {
    if c.flag() { ConfusionMatrix::new(c.small()) } else { ConfusionMatrix { counts: c.tensor() } }
}

fn welford(c: &mut Choices) -> Welford {
    if c.flag() { Welford::new() } else { Welford { count: c.tensor(), mean: c.tensor(), m2: c.tensor() } }
}

const METRICS: &[(&str, Call)] = &[
    ("Accuracy::new", |_| vec![Accuracy::new().compute()]),
    ("Accuracy::compute", |c| vec![Accuracy { average: average(c) }.compute()]),
    ("Accuracy::merge", |c| {
        tensors(Accuracy { average: average(c) }.merge(&Accuracy { average: average(c) }))
    }),
    ("Accuracy::update", |c| {
        let (logits, labels) = classified(c);
        tensors(Accuracy { average: average(c) }.update(&logits, &labels))
    }),
    ("Accuracy::update_binary", |c| {
        tensors(Accuracy { average: average(c) }.update_binary(&c.tensor(), &c.tensor(), c.float()))
    }),
    ("Accuracy::update_masked", |c| {
        let (logits, labels) = classified(c);
        tensors(Accuracy::new().update_masked(&logits, &labels, &c.tensor()))
    }),
    ("Average::new", |_| vec![Average::new().compute()]),
    ("Average::compute", |c| vec![average(c).compute()]),
    ("Average::merge", |c| tensors(average(c).merge(&average(c)))),
    ("Average::update", |c| tensors(average(c).update(&c.tensor()))),
    ("Average::update_masked", |c| tensors(average(c).update_masked(&c.tensor(), &c.tensor()))),
    ("ConfusionMatrix::new", |c| vec![ConfusionMatrix::new(c.small()).compute()]),
    ("ConfusionMatrix::compute", |c| vec![matrix(c).compute()]),
    ("ConfusionMatrix::merge", |c| tensors(matrix(c).merge(&matrix(c)))),
    ("ConfusionMatrix::precision", |c| vec![matrix(c).precision()]),
    ("ConfusionMatrix::recall", |c| vec![matrix(c).recall()]),
    ("ConfusionMatrix::update", |c| {
        let (logits, labels) = classified(c);
        tensors(matrix(c).update(&logits, &labels))
    }),
    ("Welford::new", |_| vec![Welford::new().compute().mean]),
    ("Welford::compute", |c| {
        let Statistics { mean, standard_error_of_mean, standard_deviation } = welford(c).compute();
        vec![mean, standard_error_of_mean, standard_deviation]
    }),
    ("Welford::merge", |c| tensors(welford(c).merge(&welford(c)))),
    ("Welford::update", |c| tensors(welford(c).update(&c.tensor()))),
];

type Parameters = (Tensor, Vec<Tensor>);

fn parameters(c: &mut Choices) -> Parameters {
    (c.tensor(), vec![c.tensor(), c.tensor()])
}

/// Two steps of an optimizer, mostly with trees that match.
fn steps(c: &mut Choices, optimizer: impl Into<Optimizer>) -> Vec<Tensor> {
    let optimizer = optimizer.into();
    let params = parameters(c);
    let of = if c.below(4) == 0 { parameters(c) } else { params.clone() };
    let grads = if c.below(4) == 0 { parameters(c) } else { params.clone() };
    assert!(!format!("{optimizer:?}").is_empty());
    let given = c.flag().then_some(&params);
    let stepped = optimizer.update(&grads, &optimizer.init(&of), given).and_then(|(updates, state)| {
        let moved = apply_updates(&params, &updates)?;
        let (updates, state) = optimizer.update(&grads, &state, given)?;
        Ok((moved, updates, state))
    });
    tensors(stepped)
}

/// Entries of a table: each optimizer, made by `$arguments`.
macro_rules! optimizers {
    ($c:ident, $arguments:tt: $($name:ident)*) => {
        &[$((stringify!($name), |$c| {
            let optimizer = $name $arguments;
            steps($c, optimizer)
        })),*]
    };
}

const WITH_RATES: &[(&str, Call)] = optimizers! { c, (rate(c)):
    adabelief adadelta adafactor adagrad adam adamax adamaxw adamw amsgrad lamb lars lion nadam nadamw radam rmsprop
    sgd sign_sgd yogi scale_by_learning_rate scale_by_schedule add_decayed_weights
};

const WITH_NUMBERS: &[(&str, Call)] = optimizers! { c, (number(c)):
    clip clip_by_block_rms clip_by_global_norm ema scale scale_by_param_block_norm scale_by_param_block_rms trace
};

const WITHOUT_NUMBERS: &[(&str, Call)] = optimizers! { c, ():
    centralize identity keep_params_nonnegative normalize_by_update_norm scale_by_adadelta scale_by_adam scale_by_adamax
    scale_by_amsgrad scale_by_belief scale_by_factored_rms scale_by_lion scale_by_radam scale_by_rms scale_by_rss
    scale_by_sign scale_by_stddev scale_by_trust_ratio scale_by_yogi set_to_zero zero_nans
};

/// A number, mostly one that is accepted.
fn number(c: &mut Choices) -> Hyperparam {
    match c.below(4) {
        0 => c.float().into(),
        1 => c.tensor().into(),
        _ => 0.5.into(),
    }
}

fn rate(c: &mut Choices) -> Schedule {
    if c.flag() { schedule(c) } else { number(c).into() }
}

const WRAPPERS: &[(&str, Call)] = &[
    ("AddDecayedWeights::new", |c| {
        let decay = AddDecayedWeights::new(rate(c)).mask(|path| path.segments().len() == 1);
        steps(c, decay)
    }),
    ("MultiSteps::new", |c| {
        let wrapped = MultiSteps::new(adam(0.1), c.count()).use_grad_mean(c.flag());
        steps(c, wrapped)
    }),
    ("add_noise", |c| {
        let noise = add_noise(number(c), number(c), c.key());
        steps(c, noise)
    }),
    ("noisy_sgd", |c| {
        let noisy = noisy_sgd(rate(c), c.key());
        steps(c, noisy)
    }),
    ("apply_every", |c| {
        let every = apply_every(c.count());
        steps(c, every)
    }),
    ("apply_if_finite", |c| {
        let most = c.integer().unsigned_abs();
        steps(c, apply_if_finite(adam(0.1), most))
    }),
    ("chain", |c| {
        let parts = [adam(rate(c)), clip(number(c))];
        steps(c, chain(parts))
    }),
    ("freeze", |c| steps(c, freeze(|path| path.segments().len() == 1))),
    ("masked", |c| steps(c, masked(adam(0.1), |path| path.segments().len() == 1))),
    ("multi_steps", |c| {
        let wrapped = multi_steps(adam(0.1), c.count());
        steps(c, wrapped)
    }),
    ("multi_transform", |c| steps(c, multi_transform([("a", adam(0.1))], |_| "a"))),
    ("partition", |c| {
        let label = c.flag();
        steps(c, partition([("a", adam(0.1)), ("b", sgd(0.1))], move |_| if label { "b" } else { "c" }))
    }),
    ("inject_hyperparams", |c| {
        let rate = rate(c);
        steps(c, inject_hyperparams([("rate", rate)], |[rate]| sgd(rate)))
    }),
    ("scale_by_factored_rms", |c| {
        let factored = ScaleByFactoredRms::new().min_dim_size_to_factor(c.small()).step_offset(u32::MAX);
        let factored = factored.decay_rate(number(c));
        steps(c, factored)
    }),
    ("Optimizer::init", |c| {
        let params = parameters(c);
        adam(number(c)).init(&params).tensors_of()
    }),
    ("Optimizer::update", |c| {
        let (grads, other) = (parameters(c), adagrad(0.1).init(&parameters(c)));
        tensors(adam(0.1).update(&grads, &other, None))
    }),
    ("apply_updates", |c| tensors(apply_updates(&parameters(c), &parameters(c)))),
];

/// The tensors of a state.
trait TensorsOf {
    fn tensors_of(self) -> Vec<Tensor>;
}

impl TensorsOf for State {
    fn tensors_of(self) -> Vec<Tensor> {
        tensors(Ok::<_, metamlp_tensor::Error>(self))
    }
}

/// A state of an optimizer with injected hyper-parameters, or another.
fn state(c: &mut Choices) -> State {
    let params = parameters(c);
    if c.flag() {
        inject_hyperparams([("rate", 0.1)], |[rate]| sgd(rate)).init(&params)
    } else {
        scale_by_adam().init(&params)
    }
}

const NAMES: [&str; 4] = ["rate", "mu", "count", ""];

const STATES: &[(&str, Call)] = &[
    ("State::get", |c| {
        state(c).get(NAMES[c.below(4)]).map(|part| part.clone().tensors_of()).unwrap_or_default()
    }),
    ("State::hyperparam", |c| tensors(state(c).hyperparam(NAMES[c.below(4)]))),
    ("State::with_hyperparam", |c| tensors(state(c).with_hyperparam(NAMES[c.below(4)], number(c)))),
    ("State::inner", |c| tensors(state(c).inner(NAMES[c.below(4)]).cloned())),
    ("State::leaves", |c| {
        tensors(state(c).leaves(NAMES[c.below(4)], &Leaves::floats(&parameters(c))).cloned())
    }),
    ("State::leaves_at", |c| {
        tensors(state(c).leaves_at(NAMES[c.below(4)], &Leaves::floats(&parameters(c))).cloned())
    }),
    ("State::tensor", |c| tensors(state(c).tensor(NAMES[c.below(4)]).cloned())),
    ("State::zeros_like", |c| State::zeros_like(&Leaves::of(&parameters(c))).tensors_of()),
    ("Leaves::zip_map", |c| {
        let (one, other) = (Leaves::floats(&parameters(c)), Leaves::floats(&parameters(c)));
        one.zip_map(&other, |a, b| a + b).tensors().to_vec()
    }),
    ("Leaves::map", |c| Leaves::of(&parameters(c)).map(Tensor::square).tensors().to_vec()),
];

/// Entries of a table: each schedule, at any step.
macro_rules! schedules {
    ($($name:literal => |$c:ident| $schedule:expr;)*) => {
        const SCHEDULES: &[(&str, Call)] = &[$(($name, |$c| at($c, |$c| $schedule.into()))),*];

        /// Any schedule.
        fn schedule(c: &mut Choices) -> Schedule {
            const MAKE: &[fn(&mut Choices) -> Schedule] = &[$(|$c| $schedule.into()),*];
            MAKE[c.below(MAKE.len())](c)
        }
    };
}

/// The value of a schedule at a step of any type.
fn at(c: &mut Choices, make: fn(&mut Choices) -> Schedule) -> Vec<Tensor> {
    let schedule = make(c);
    let count = if c.flag() { Tensor::scalar(c.integer()) } else { c.tensor() };
    tensors(schedule.at(&count))
}

schedules! {
    "constant_schedule" => |c| constant_schedule(c.float());
    "Schedule::new" => |c| { let value = c.tensor(); Schedule::new(move |_| value.clone()) };
    "cosine_decay_schedule" => |c| CosineDecay::new(c.float(), c.count()).alpha(c.float()).exponent(c.float());
    "cosine_onecycle_schedule" => |c| CosineOnecycle::new(c.count(), c.float()).pct_start(c.float());
    "exponential_decay" => |c| ExponentialDecay::new(c.float(), c.count(), c.float()).transition_begin(c.count());
    "linear_onecycle_schedule" => |c| LinearOnecycle::new(c.count(), c.float()).div_factor(c.float());
    "linear_schedule" => |c| linear_schedule(c.float(), c.float(), c.count());
    "piecewise_constant_schedule" => |c| piecewise_constant_schedule(c.float(), [(c.count(), c.float())]);
    "piecewise_interpolate_schedule" => |c| {
        piecewise_interpolate_schedule(Interpolation::Cosine, c.float(), [(c.count(), c.float()), (c.count(), 0.5)])
    };
    "polynomial_schedule" => |c| polynomial_schedule(c.float(), c.float(), c.float(), c.count());
    "sgdr_schedule" => |c| {
        sgdr_schedule([WarmupCosineDecay::new(c.float(), c.float(), c.count(), c.count()), WarmupCosineDecay::new(0.0, 1.0, 2, c.count())])
    };
    "warmup_constant_schedule" => |c| warmup_constant_schedule(c.float(), c.float(), c.count());
    "warmup_cosine_decay_schedule" => |c| warmup_cosine_decay_schedule(c.float(), c.float(), c.count(), c.count());
    "warmup_exponential_decay_schedule" => |c| {
        warmup_exponential_decay_schedule(c.float(), c.float(), c.count(), c.count(), c.float())
    };
    "join_schedules" => |c| join_schedules([constant_schedule(c.float()), linear_schedule(0.0, 1.0, c.count())], [c.count()]);
}

fn calls() -> Vec<(&'static str, Call)> {
    let tables = [
        LOSSES,
        LOSSES_WITH_NUMBERS,
        OTHER_LOSSES,
        METRICS,
        WITH_RATES,
        WITH_NUMBERS,
        WITHOUT_NUMBERS,
        WRAPPERS,
        STATES,
        SCHEDULES,
    ];
    tables.concat()
}

/// Functions that read or wrap a value, and the trait's, which the optimizers call.
const NOT_CALLED: &[&str] = &[
    "GradientTransformation::*",
    "Hyperparam::number",
    "Leaves::floats",
    "Leaves::is_empty",
    "Leaves::iter",
    "Leaves::len",
    "Leaves::of",
    "Leaves::tensors",
    "Optimizer::new",
    "Schedule::at",
    "Schedule::constant",
    "State::count",
    "State::empty",
    "State::fields",
];

#[test]
fn no_call_panics() {
    let panicked = panicked(&calls(), CALLS);
    assert!(panicked.is_empty(), "{panicked:#?}");
}

#[test]
fn every_public_function_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = not_hunted(&source, &calls(), NOT_CALLED);
    assert!(forgotten.is_empty(), "add these functions to the hunt: {forgotten:#?}");
}
