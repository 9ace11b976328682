//! Three steps along the same gradient, against optax 0.2.8 in `f32`.

use metamlp_optim::*;
use metamlp_tensor::random::Key;
use metamlp_tensor::{Tensor, TreePath};

use super::{gradients, numbers, params, start, step};

fn is_a(path: &TreePath) -> bool {
    path.to_string() == "a"
}

fn label(path: &TreePath) -> &'static str {
    if is_a(path) { "a" } else { "b" }
}

/// optax injects every number, and so computes with each as `f32`.
fn injected_adam(learning_rate: Schedule, b1: f64) -> Optimizer {
    let hyperparams = [
        ("learning_rate", learning_rate),
        ("b1", b1.into()),
        ("b2", 0.999.into()),
        ("eps", 1e-8.into()),
        ("eps_root", 0.0.into()),
    ];
    inject_hyperparams(hyperparams, |[rate, b1, b2, eps, eps_root]| {
        Adam::new(rate).b1(b1).b2(b2).eps(eps).eps_root(eps_root)
    })
}

#[track_caller]
fn check(optimizer: &Optimizer, gradients: &[super::Params], expected: [f64; 5]) {
    let (mut params, mut state) = (start(), optimizer.init(&start()));
    for grads in gradients {
        (params, state) = step(optimizer, &params, grads, &state).unwrap();
    }
    let found = numbers(&params);
    for (&found, expected) in found.iter().zip(expected) {
        let is_near = (f64::from(found) - expected).abs() <= 1e-6 * expected.abs().max(0.1);
        assert!(is_near || f64::from(found) == expected, "{optimizer:?}: {found}, optax {expected}");
    }
}

#[test]
fn optimizers_are_optax_s() {
    let cases: &[(Optimizer, [f64; 5])] = &[
        (sgd(0.1), [0.9, -2.1, 0.40000004, 2.8875, 0.10000001]),
        (Sgd::new(0.1).momentum(0.9).into(), [0.837, -2.0640001, -0.031999987, 2.87625, -0.31399998]),
        (
            Sgd::new(0.1).momentum(0.9).nesterov(true).into(),
            [0.7533, -2.1576, -0.07879998, 2.776125, -0.4075999855995178],
        ),
        (adam(0.01), [0.980983555316925, -1.9960304498672485, 0.4795705676, 2.985506773, 0.23778362572]),
        (
            Adam::new(0.01).b1(0.8).b2(0.95).eps(1e-3).eps_root(1e-4).into(),
            [0.9813750386238098, -1.9970849752426147, 0.4806154668, 2.984830141, 0.2387399077],
        ),
        (
            Adam::new(0.01).nesterov(true).into(),
            [0.9772825241088867, -1.9972470998764038, 0.4795272947, 2.976523161, 0.2375912219],
        ),
        (
            AdamW::new(0.01).weight_decay(0.1).into(),
            [0.9780092239379883, -1.9900538921356201, 0.4781013727, 2.976523161, 0.23705525696277618],
        ),
        (
            AdamW::new(0.01).weight_decay(0.1).mask(is_a).into(),
            [0.9780092239379883, -1.9900538921356201, 0.4781013727, 2.976523161, 0.23778362572193146],
        ),
        (rmsprop(0.01), [0.95695025, -2.0041053, 0.4758006, 2.9369745, 0.23456371]),
        (
            RmsProp::new(0.01).decay(0.8).initial_scale(1.0).momentum(0.9).into(),
            [0.9818243, -2.0032706, 0.4557323, 2.985208, 0.21880665],
        ),
        (
            RmsProp::new(0.01).centered(true).eps(1e-3).momentum(0.5).nesterov(true).into(),
            [0.923158, -1.9985325, 0.4425807, 2.905414, 0.21671152],
        ),
        (
            RmsProp::new(0.01).bias_correction(true).eps_in_sqrt(false).into(),
            [0.98280275, -2.006336, 0.49511307, 2.9698684, 0.24676546],
        ),
        (
            RmsProp::new(0.01)
                .centered(true)
                .initial_scale(1.0)
                .bias_correction(true)
                .eps_in_sqrt(false)
                .into(),
            [0.9951017, -2.0054896, 0.49703476, 2.9935184, 0.24250683],
        ),
        (adagrad(0.1), [0.8784541, -2.01296, 0.42324564, 2.868563, 0.20026068]),
        (
            Adagrad::new(0.1).initial_accumulator_value(0.0).eps(0.0).into(),
            [0.86454296, -2.009931, 0.4219453, 2.8007722, 0.20004964],
        ),
        (adadelta(1.0), [0.994924, -2.0022597, 0.49813977, 2.9923985, 0.24905162]),
        (
            Adadelta::new(1.0).rho(0.5).eps(1e-2).weight_decay(0.1).weight_decay_mask(is_a).into(),
            [0.7598102, -2.0881906, 0.418382, 2.48518, 0.21588138],
        ),
        (nadam(0.01), [0.9772825, -1.9972471, 0.4795273, 2.9765232, 0.23759122]),
        (nadamw(0.01), [0.9772796, -1.9972411, 0.47952583, 2.9765139, 0.2375905]),
        (adamax(0.01), [0.98331696, -1.9946662, 0.4816648, 2.9906318, 0.23824841]),
        (
            Adamax::new(0.01).b1(0.5).b2(0.9).eps(0.1).into(),
            [0.98662466, -1.9990441, 0.4861426, 2.990777, 0.24205059],
        ),
        (
            AdamaxW::new(0.01).weight_decay(0.1).mask(is_a).into(),
            [0.98034215, -1.9886903, 0.4801937, 2.9816458, 0.23824841],
        ),
        (adamaxw(0.01), [0.98331404, -1.9946603, 0.48166332, 2.9906225, 0.23824768]),
        (amsgrad(0.01), [0.98154163, -1.9954872, 0.4816723, 2.9855068, 0.23825121]),
        (
            Amsgrad::new(0.01).b2(0.5).bias_correction_mu(false).bias_correction_nu(false).into(),
            [0.99639654, -1.9999844, 0.49629232, 2.9970186, 0.24802327],
        ),
        (radam(0.01), [0.99051565, -1.9969954, 0.46334437, 2.995237, 0.20300448]),
        (adabelief(0.01), [0.9789843, -1.995331, 0.47695968, 2.9837987, 0.2365414]),
        (
            AdaBelief::new(0.01).eps(1e-3).eps_root(1e-2).nesterov(true).into(),
            [0.9962732, -1.9998169, 0.48936972, 2.9976015, 0.23960741],
        ),
        (yogi(0.01), [0.9810524, -1.9960369, 0.4795885, 2.9858243, 0.2377885]),
        (lion(0.01), [0.9899701, -2.0099401, 0.4899853, 2.9799101, 0.23999262]),
        (
            Lion::new(0.01).b1(0.5).b2(0.8).weight_decay(0.2).mask(is_a).into(),
            [0.9840319, -1.9980439, 0.48706594, 2.962056, 0.24],
        ),
        (lamb(0.01), [0.9469093, -1.9986826, 0.44607753, 2.9517565, 0.24257475]),
        (
            Lamb::new(0.01).weight_decay(0.1).mask(is_a).into(),
            [0.94794667, -1.9828124, 0.45029774, 2.938152, 0.24257475],
        ),
        (lars(0.5), [0.9987881, -2.001107, 0.4951353, 2.9989717, 0.24977368]),
        (
            Lars::new(0.5)
                .weight_decay(0.1)
                .weight_decay_mask(is_a)
                .trust_ratio_mask(is_a)
                .nesterov(true)
                .eps(0.1)
                .into(),
            [0.9977362, -2.0010097, 0.4945648, 2.996271, -3.0379999],
        ),
        (adafactor(0.1), [0.73303056, -2.08837, 0.36329037, 2.5328138, 0.23991707]),
        (
            Adafactor::new(0.1).min_dim_size_to_factor(2).momentum(0.9).weight_decay_rate(0.01).into(),
            [0.94366956, -1.9271059, 0.4315985, 2.8887138, 0.23943095],
        ),
        (
            Adafactor::new(0.1)
                .multiply_by_parameter_scale(false)
                .clipping_threshold(f64::INFINITY)
                .decay_rate(0.5)
                .into(),
            [0.8503832, -2.0608416, 0.44057158, 2.7500007, 0.21746063],
        ),
        (
            Adafactor::new(0.1).weight_decay_rate(0.1).weight_decay_mask(is_a).clipping_threshold(0.5).into(),
            [0.6084218, -1.4846865, 0.29769483, 1.9932858, 0.24469851],
        ),
        (sign_sgd(0.1), [0.9, -2.1, 0.4, 2.8000002, 0.15]),
        (noisy_sgd(0.1, Key::new(7)), [0.89331424, -2.1017194, 0.39818853, 2.8972757, 0.10904744]),
    ];
    for (optimizer, expected) in cases {
        check(optimizer, &gradients(), *expected);
    }
}

#[test]
fn transformations_and_wrappers_are_optax_s() {
    let cases: &[(Optimizer, [f64; 5])] = &[
        (
            chain([clip_by_global_norm(0.5), adam(0.01)]),
            [0.9821478128433228, -1.9986613988876343, 0.4816702008, 2.985692978, 0.2397400439],
        ),
        (
            chain([clip_by_global_norm(3.0), sgd(0.1)]),
            [0.9138210415840149, -2.113084316253662, 0.4843994379, 2.889319897, 0.196010217],
        ),
        (
            sgd(|count: &Tensor| 0.1 / (count + 1.0)),
            [0.9375, -1.9916666746139526, 0.316666663, 2.960416794, -0.016666668],
        ),
        (clip(0.75), [2.0, -1.5, 1.25, 3.875, 0.75]),
        (clip_by_block_rms(0.5), [1.3922656, -1.406819, 1.0914611, 3.4832995, 0.75]),
        (ema(0.9), [1.9484363, -2.3004465, 4.165565, 3.476306, 4.949552]),
        (Ema::new(0.9).debias(false).into(), [1.163, -1.936, 1.0320001, 3.12375, 0.8139999]),
        (trace(0.5), [2.25, -1.0, 3.5, 4.1875, 3.25]),
        (apply_every(2), [1.25, -1.5, 3.5, 3.125, 1.25]),
        (centralize(), [1.0, -2.0, 0.4375, 3.0625, 1.75]),
        (normalize_by_update_norm(), [1.341867, -1.5866499, 0.40639174, 3.441739, 0.46636844]),
        (
            NormalizeByUpdateNorm::new().scale_factor(-2.0).eps(0.5).into(),
            [0.42257136, -2.694095, 0.56891626, 2.2625031, -0.1573798],
        ),
        (keep_params_nonnegative(), [2.0, 2.0, 1.5, 4.125, 1.75]),
        (set_to_zero(), [1.0, -2.0, 0.5, 3.0, 0.25]),
        (identity(), [2.0, -1.0, 1.5, 4.125, 1.75]),
        (freeze(is_a), [1.0, -2.0, 0.5, 3.0, 1.75]),
        (add_noise(0.5, 0.55, Key::new(3)), [0.03627658, -1.0711783, 2.8036554, 4.3455997, 0.5946215]),
        (scale_by_param_block_norm(1e-3), [16.61918, 21.29037, -24.985931, 26.234436, -1.25]),
        (scale_by_param_block_rms(1.0), [4.3038664, 3.3480554, -0.886363, 7.703923, -4.25]),
        (scale_by_trust_ratio(), [3.5196455, 3.2634552, 0.4287157, 6.85079, 0.5]),
        (
            ScaleByTrustRatio::new().min_norm(3.0).trust_coefficient(0.1).eps(1.0).into(),
            [1.0945014, -1.9016849, 0.5948018, 3.1074014, 0.30249998],
        ),
        (scale_by_sign(), [2.0, -1.0, 1.5, 5.0, 1.25]),
        (scale_by_schedule(linear_schedule(1.0, 0.0, 4)), [1.6875, -1.625, 2.25, 3.59375, 2.25]),
        (add_decayed_weights(linear_schedule(1.0, 0.0, 4)), [6.9375, -10.375, 7.375, 16.9375, 7.8125]),
        (masked(scale(2.0), is_a), [3.0, 0.0, 2.5, 5.25, 1.75]),
        (
            partition([("a", adam(0.01)), ("b", sgd(0.1))], label),
            [0.98098356, -1.9960304, 0.47957057, 2.9855068, 0.10000001],
        ),
        (multi_steps(adam(0.01), 2), [0.99000007, -2.01, 0.49000007, 2.99, 0.24000007]),
        (MultiSteps::new(sgd(0.1), 3).use_grad_mean(false).into(), [0.9, -2.1, 0.4, 2.8875, 0.099999994]),
        (injected_adam(0.01.into(), 0.8), [0.9812905, -1.9970729, 0.4806739, 2.984401, 0.23875305]),
        (
            injected_adam(linear_schedule(0.1, 0.0, 4), 0.9),
            [0.8482587, -1.9363443, 0.3245476, 2.90893, 0.13668457],
        ),
    ];
    for (optimizer, expected) in cases {
        check(optimizer, &gradients(), *expected);
    }
}

/// Rectified Adam rectifies from the sixth step on. The numbers are those of a step under `jax.jit`:
/// without it JAX rounds `b2^6` differently, which leaves three digits of the length of the average.
#[test]
fn radam_is_optax_s_before_and_after_the_variance_is_known() {
    let thrice = [gradients(), gradients(), gradients()].concat();
    let cases: &[(Optimizer, [f64; 5])] = &[
        (radam(0.01), [0.98342997, -2.0007381, 0.447985, 2.988903, 0.18487804]),
        (
            Radam::new(0.01).b2(0.9).nesterov(true).into(),
            [0.97325546, -2.00744, 0.43978474, 2.9781072, 0.17984208],
        ),
    ];
    for (optimizer, expected) in cases {
        check(optimizer, &thrice, *expected);
    }
}

#[test]
fn what_is_done_with_nan_is_optax_s() {
    let nan = f32::NAN;
    let gradients = [
        gradients()[0].clone(),
        params([nan, 1.0, 1.0, 1.0], 1.0),
        params([1.0, 1.0, 1.0, f32::INFINITY], nan),
    ];
    let cases: &[(Optimizer, [f64; 5])] = &[
        (zero_nans(), [2.5, -1.0, 4.5, f64::INFINITY, 5.25]),
        (apply_if_finite(trace(0.5), 5), [1.5, -3.0, 2.5, 3.0, 4.25]),
    ];
    for (optimizer, expected) in cases {
        check(optimizer, &gradients, *expected);
    }
}
