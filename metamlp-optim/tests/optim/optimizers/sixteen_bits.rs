//! `f16` and `bf16` in every transformation: dtypes stay, norms and means are those of `f32`, rounded.

use metamlp_optim::*;
use metamlp_tensor::random::Key;
use metamlp_tensor::{BF16, DType, F16, F32, Tensor, Tree, grad};

const HALVES: [DType; 2] = [F16, BF16];

/// Every optimizer, transformation and wrapper.
fn all() -> Vec<(&'static str, Optimizer)> {
    let schedule = || cosine_decay_schedule(0.1, 10);
    vec![
        ("adabelief", adabelief(0.1)),
        ("adadelta", adadelta(0.1)),
        ("adafactor", adafactor(0.1)),
        ("adafactor, factored", Adafactor::new(0.1).min_dim_size_to_factor(2).into()),
        ("adafactor, momentum", Adafactor::new(0.1).momentum(0.9).weight_decay_rate(0.1).into()),
        ("adagrad", adagrad(0.1)),
        ("adam", adam(0.1)),
        ("adam of a schedule", adam(schedule())),
        ("nadam", nadam(0.1)),
        ("adamax", adamax(0.1)),
        ("adamaxw", adamaxw(0.1)),
        ("adamw", adamw(0.1)),
        ("adamw of a schedule", AdamW::new(0.1).weight_decay(schedule()).into()),
        ("nadamw", nadamw(0.1)),
        ("amsgrad", amsgrad(0.1)),
        ("lamb", lamb(0.1)),
        ("lars", lars(0.1)),
        ("lion", lion(0.1)),
        ("noisy_sgd", noisy_sgd(0.1, Key::new(0))),
        ("radam", radam(0.1)),
        ("rmsprop", rmsprop(0.1)),
        ("rmsprop, centered", RmsProp::new(0.1).centered(true).momentum(0.9).into()),
        ("sgd", sgd(0.1)),
        ("sgd, momentum", Sgd::new(schedule()).momentum(0.9).nesterov(true).into()),
        ("sign_sgd", sign_sgd(0.1)),
        ("yogi", yogi(0.1)),
        ("add_decayed_weights", add_decayed_weights(0.1)),
        ("add_noise", add_noise(0.1, 0.5, Key::new(0))),
        ("apply_every", apply_every(2)),
        ("centralize", centralize()),
        ("clip", clip(0.1)),
        ("clip_by_block_rms", clip_by_block_rms(0.1)),
        ("clip_by_global_norm", clip_by_global_norm(0.1)),
        ("ema", ema(0.9)),
        ("identity", identity()),
        ("keep_params_nonnegative", keep_params_nonnegative()),
        ("normalize_by_update_norm", normalize_by_update_norm()),
        ("scale", scale(0.1)),
        ("scale_by_adadelta", scale_by_adadelta()),
        ("scale_by_adam", scale_by_adam()),
        ("scale_by_adamax", scale_by_adamax()),
        ("scale_by_amsgrad", scale_by_amsgrad()),
        ("scale_by_belief", scale_by_belief()),
        ("scale_by_factored_rms", scale_by_factored_rms()),
        ("scale_by_learning_rate", scale_by_learning_rate(schedule())),
        ("scale_by_lion", scale_by_lion()),
        ("scale_by_param_block_norm", scale_by_param_block_norm(1e-3)),
        ("scale_by_param_block_rms", scale_by_param_block_rms(1e-3)),
        ("scale_by_radam", scale_by_radam()),
        ("scale_by_rms", ScaleByRms::new().bias_correction(true).into()),
        ("scale_by_rss", scale_by_rss()),
        ("scale_by_schedule", scale_by_schedule(schedule())),
        ("scale_by_sign", scale_by_sign()),
        ("scale_by_stddev", ScaleByStddev::new().bias_correction(true).into()),
        ("scale_by_trust_ratio", scale_by_trust_ratio()),
        ("scale_by_yogi", scale_by_yogi()),
        ("set_to_zero", set_to_zero()),
        ("trace", trace(0.9)),
        ("zero_nans", zero_nans()),
        ("apply_if_finite", apply_if_finite(lars(0.1), 2)),
        ("freeze", freeze(|_| true)),
        ("inject_hyperparams", inject_hyperparams([("rate", 0.1)], |[rate]| lars(rate))),
        ("masked", masked(lamb(0.1), |_| true)),
        ("multi_steps", multi_steps(lamb(0.1), 2)),
        ("partition", partition([("all", adafactor(0.1))], |_| "all")),
    ]
}

fn dtypes(tree: &impl Tree) -> Vec<DType> {
    tree.tensors().iter().map(Tensor::dtype).collect()
}

#[test]
fn updates_and_states_keep_their_dtypes() {
    for dtype in HALVES {
        let params = (Tensor::arange(12, F32).reshape([3, 4]) * 0.25 - 1.0).convert(dtype);
        let grads = &params * 0.5 + 0.25;
        for (name, optimizer) in all() {
            let mut state = optimizer.init(&params);
            let fresh = dtypes(&state);
            for step in 1..=3 {
                let (updates, next) = optimizer.update(&grads, &state, Some(&params)).unwrap();
                assert_eq!(updates.dtype(), dtype, "{name}");
                assert_eq!(dtypes(&next), fresh, "{name} of {dtype}, step {step}");
                let numbers = updates.convert(F32).to_vec::<f32>().unwrap();
                assert!(numbers.iter().all(|x| x.is_finite()), "{name} of {dtype}: {numbers:?}");
                state = next;
            }
        }
    }
}

/// A `bf16` state stays so for gradients of `f32`.
#[test]
fn a_state_keeps_its_dtypes_whatever_the_gradients_are() {
    let (params, grads) = (Tensor::ones([3], BF16), Tensor::ones([3], F32));
    for optimizer in [adam(0.1), lars(0.1), multi_steps(adam(0.1), 2)] {
        let fresh = optimizer.init(&params);
        let (_, state) = optimizer.update(&grads, &fresh, Some(&params)).unwrap();
        assert_eq!(dtypes(&state), dtypes(&fresh), "{optimizer:?}");
    }
}

/// 70,000 equal parameters, more than `f16` can count: the update of each, by mathematics.
#[test]
fn norms_and_means_of_many_numbers_are_right() {
    for dtype in HALVES {
        let of = |value: f64| Tensor::full([2, 35_000], value, dtype);
        // A few roundings.
        let tolerance = if dtype == F16 { 2e-3 } else { 1.6e-2 };
        for (optimizer, grads, expected) in [
            (clip_by_block_rms(0.1), of(0.5), 0.1),
            (clip_by_block_rms(1.0), of(300.0), 1.0),
            (scale_by_param_block_rms(1e-3), of(0.5), 0.25),
            (scale_by_param_block_norm(1e-3), of(0.5), 66.14378),
            (adafactor(1.0), of(0.01), -0.5),
            (Adafactor::new(1.0).min_dim_size_to_factor(2).into(), of(0.01), -0.5),
            (Adafactor::new(1.0).min_dim_size_to_factor(2).into(), of(300.0), -0.5),
            (scale_by_factored_rms(), of(1e-4), 1.0),
            (scale_by_factored_rms(), of(0.0), 0.0),
            (scale_by_trust_ratio(), of(0.01), 0.5),
            (lars(0.1), of(0.01), -5e-5),
            (lamb(0.1), of(0.01), -0.05),
            (clip_by_global_norm(1.0), of(0.5), 0.003_779_645),
            (clip_by_global_norm(1.0), of(300.0), 0.003_779_645),
            (normalize_by_update_norm(), of(300.0), 0.003_779_645),
            (centralize(), of(0.5), 0.0),
        ] {
            let params = of(0.5);
            let (updates, _) = optimizer.update(&grads, &optimizer.init(&params), Some(&params)).unwrap();
            let found = updates.convert(F32).reshape([70_000]).index(0).item::<f32>().unwrap();
            let is_near = (found - expected).abs() <= tolerance * expected.abs();
            assert!(is_near, "{optimizer:?} of {dtype}: {found}, not {expected}");
        }
    }
}

#[test]
fn the_global_norm_keeps_the_widest_dtype() {
    let many = |value: f64, dtype| Tensor::full([70_000], value, dtype);
    for dtype in HALVES {
        let norm = global_norm(&many(0.5, dtype));
        assert_eq!(norm.dtype(), dtype);
        let norm = norm.convert(F32).item::<f32>().unwrap();
        assert!((norm - 132.287_57).abs() < 0.5, "{norm}");
    }
    assert_eq!(global_norm(&(many(0.5, F16), many(0.5, F32))).dtype(), F32);
    assert_eq!(global_norm(&()).dtype(), F32);
}

#[test]
fn the_gradient_of_the_global_norm_is_the_direction_and_0_at_0() {
    let of = |values: [f32; 2]| {
        grad(&Tensor::from_vec([2], values.to_vec()), global_norm).unwrap().to_vec::<f32>().unwrap()
    };
    assert_eq!(of([3.0, -4.0]), [0.6, -0.8]);
    assert_eq!(of([0.0, 0.0]), [0.0, 0.0]);
    assert!(of([f32::NAN, 1.0]).iter().all(|slope| slope.is_nan()));
}
