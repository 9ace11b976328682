//! Schedules against optax 0.2.8 at some steps, alone and in a compiled step.

use metamlp_optim::*;
use metamlp_tensor::{F32, Tensor, jit};

const STEPS: [i32; 7] = [0, 1, 3, 4, 7, 10, 20];

#[test]
fn schedules_are_optax_s() {
    let cases: Vec<(Schedule, [f64; 7])> = vec![
        (constant_schedule(0.5), [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
        (linear_schedule(0.1, 1.0, 8), [0.100000024, 0.21250004, 0.4375, 0.55, 0.8875, 1.0, 1.0]),
        (linear_schedule(0.1, 1.0, 0), [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
        (
            PolynomialSchedule::new(1.0, 0.1, 2.0, 6).transition_begin(2).into(),
            [1.0, 1.0, 0.72499996, 0.49999994, 0.125, 0.1, 0.1],
        ),
        (polynomial_schedule(1.0, 0.0, 0.5, 10), [1.0, 0.94868326, 0.83666, 0.7745967, 0.5477226, 0.0, 0.0]),
        (exponential_decay(1.0, 4, 0.5), [1.0, 0.8408964, 0.59460354, 0.5, 0.29730177, 0.17677669, 0.03125]),
        (
            ExponentialDecay::new(1.0, 4, 0.5).staircase(true).transition_begin(2).end_value(0.2).into(),
            [1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.2],
        ),
        (
            ExponentialDecay::new(1.0, 4, 2.0).end_value(5.0).into(),
            [1.0, 1.1892071, 1.6817929, 2.0, 3.3635857, 5.0, 5.0],
        ),
        (exponential_decay(1.0, 4, 0.0), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        (cosine_decay_schedule(2.0, 10), [2.0, 1.9510565, 1.5877852, 1.309017, 0.41221458, 0.0, 0.0]),
        (
            CosineDecay::new(2.0, 8).alpha(0.1).exponent(2.0).into(),
            [2.0, 1.8655906, 1.060316, 0.6499999, 0.20260744, 0.2, 0.2],
        ),
        (warmup_constant_schedule(0.0, 1.0, 4), [0.0, 0.25, 0.75, 1.0, 1.0, 1.0, 1.0]),
        (warmup_cosine_decay_schedule(0.0, 1.0, 4, 12), [0.0, 0.25, 0.75, 1.0, 0.6913417, 0.14644662, 0.0]),
        (
            WarmupCosineDecay::new(0.1, 1.0, 0, 10).end_value(0.05).exponent(0.5).into(),
            [1.0, 0.9883039, 0.8964562, 0.81856614, 0.48129088, 0.05, 0.05],
        ),
        (
            warmup_exponential_decay_schedule(0.0, 1.0, 4, 3, 0.5),
            [0.0, 0.25, 0.75, 1.0, 0.5, 0.25, 0.02480314],
        ),
        (
            WarmupExponentialDecay::new(0.0, 1.0, 2, 3, 0.5)
                .transition_begin(2)
                .staircase(true)
                .end_value(0.3)
                .into(),
            [0.0, 0.5, 1.0, 1.0, 0.5, 0.3, 0.3],
        ),
        (piecewise_constant_schedule(1.0, [(7, 0.5), (3, 0.1)]), [1.0, 1.0, 0.1, 0.1, 0.05, 0.05, 0.05]),
        (piecewise_constant_schedule(1.0, []), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        (
            piecewise_interpolate_schedule(Interpolation::Linear, 1.0, [(4, 3.0), (10, 0.1)]),
            [1.0, 1.5, 2.5, 3.0, 1.65, 0.3, 0.3],
        ),
        (
            piecewise_interpolate_schedule(Interpolation::Cosine, 1.0, [(4, 3.0), (10, 0.1)]),
            [1.0, 1.2928932, 2.7071068, 3.0, 1.6499999, 0.3, 0.3],
        ),
        (linear_onecycle_schedule(12, 2.0), [0.08, 0.71999997, 2.0, 1.7257142, 0.90285707, 0.08, 8.0e-6]),
        (
            LinearOnecycle::new(12, 2.0)
                .pct_start(0.5)
                .pct_final(0.75)
                .div_factor(4.0)
                .final_div_factor(10.0)
                .into(),
            [0.5, 0.75, 1.25, 1.5, 1.5, 0.35, 0.05],
        ),
        (
            cosine_onecycle_schedule(12, 2.0),
            [0.08000004, 0.56000006, 2.0, 1.9396929, 1.1736515, 0.23396245, 8.0e-6],
        ),
        (
            CosineOnecycle::new(10, 1.0).pct_start(0.2).div_factor(2.0).final_div_factor(4.0).into(),
            [0.5, 0.75, 0.9666973, 0.87185925, 0.39507598, 0.125, 0.125],
        ),
        (
            join_schedules(
                [linear_schedule(0.0, 1.0, 3), cosine_decay_schedule(1.0, 4), 0.25.into()],
                [3, 7],
            ),
            [0.0, 0.33333337, 1.0, 0.8535534, 0.25, 0.25, 0.25],
        ),
        (
            sgdr_schedule([
                WarmupCosineDecay::new(0.0, 1.0, 1, 4),
                WarmupCosineDecay::new(0.1, 0.5, 2, 6).end_value(0.2),
            ]),
            [0.0, 1.0, 0.24999997, 0.099999994, 0.456066, 0.2, 0.2],
        ),
    ];
    for (schedule, expected) in cases {
        for (step, expected) in STEPS.into_iter().zip(expected) {
            let value = schedule.at(&Tensor::scalar(step)).unwrap();
            assert_eq!((value.shape(), value.dtype()), ([].as_slice(), F32), "{schedule:?}");
            let found = f64::from(value.item::<f32>().unwrap());
            assert!((found - expected).abs() <= 1e-6, "{schedule:?} at {step}: {found}, optax {expected}");
        }
    }
}

#[test]
fn one_program_serves_every_step() {
    let schedule = warmup_cosine_decay_schedule(0.0, 1.0, 4, 12);
    let eager = schedule.clone();
    let compiled = jit(move |count: Tensor| schedule.at(&count));
    for step in 0..15 {
        let count = Tensor::scalar(step);
        let value = compiled(count.clone()).unwrap().item::<f32>().unwrap();
        assert_eq!(value, eager.at(&count).unwrap().item::<f32>().unwrap());
    }
}

#[test]
fn huge_counts_of_steps_are_no_panic() {
    let each: [Schedule; 4] = [
        linear_schedule(0.0, 1.0, usize::MAX),
        PolynomialSchedule::new(0.0, 1.0, 1.0, 3).transition_begin(usize::MAX).into(),
        piecewise_constant_schedule(1.0, [(usize::MAX, 2.0)]),
        join_schedules([0.0.into(), 1.0.into()], [usize::MAX]),
    ];
    for schedule in each {
        let value = schedule.at(&Tensor::scalar(i32::MAX - 1)).unwrap().item::<f32>().unwrap();
        assert!(value.is_finite(), "{schedule:?}: {value}");
    }
}
