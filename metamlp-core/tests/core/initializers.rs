//! Initializers: Flax's values bit for bit, and errors for shapes and options that cannot be used.

use metamlp::initializers::*;
use metamlp::prelude::*;
use metamlp::tensor::{Error, bf16, f16};

#[track_caller]
fn check(initializer: impl Into<Initializer>, shape: &[usize], bits: &[u32]) {
    let initializer = initializer.into();
    let values = initializer.initialize(Key::new(42), shape, F32);
    assert_eq!(values.shape(), shape);
    let values = values.to_vec::<f32>().unwrap();
    for (i, (found, expected)) in values.iter().zip(bits).enumerate() {
        let expected = f32::from_bits(*expected);
        assert_eq!(found.to_bits(), expected.to_bits(), "{initializer:?}[{i}]: {found}, Flax has {expected}");
    }
}

#[test]
fn fans_are_flax_s() {
    let all: [(Initializer, [u32; 6]); 6] = [
        (lecun_normal(), [0xbcb1e990, 0x3eb6e641, 0x3e68080b, 0x3df13360, 0xbdc2dd0d, 0x3e2a51ae]),
        (lecun_uniform(), [0xbce28e68, 0x3ee17d99, 0x3e91d212, 0x3e190b97, 0xbdf79812, 0x3e57601a]),
        (he_normal(), [0xbcfb9b28, 0x3f015456, 0x3ea4122d, 0x3e2a8dfe, 0xbe09ca0f, 0x3e70de17]),
        (he_uniform(), [0xbd203311, 0x3f1f7228, 0x3ece38b1, 0x3e58704e, 0xbe2f134e, 0x3e984b1c]),
        (glorot_normal(), [0xbc9f2130, 0x3ea39719, 0x3e4f8904, 0x3dd7bc88, 0xbdae4a8b, 0x3e185687]),
        (glorot_uniform(), [0xbccaa35a, 0x3ec9af58, 0x3e826d08, 0x3e08e34a, 0xbddd7470, 0x3e40a33b]),
    ];
    for (initializer, bits) in all {
        check(initializer, &[2, 3], &bits);
    }
    let conv =
        [0xbbed376a, 0x3df3ddac, 0x3d9ab007, 0x3d20cceb, 0xbd01e8b3, 0x3d631792, 0xbeb47dd0, 0x3e441db2];
    check(lecun_normal(), &[3, 3, 2, 4], &conv);
}

#[test]
fn samples_are_flax_s() {
    check(normal(0.01), &[2, 3], &[0xb99465d0, 0x3b9911dc, 0x3b41cab9, 0x3ac94175, 0xbaa29282, 0x3b0e29aa]);
    check(uniform(0.01), &[2, 3], &[0x3ba023ee, 0x3bdec185, 0x3bc9f099, 0x3bb7d570, 0x3b93aacf, 0x3bbff9fd]);
    let truncated = [0xb98da4ee, 0x3b919d5d, 0x3b38bb20, 0x3ac007f2, 0xba9b23cc, 0x3b079950];
    check(truncated_normal(0.01), &[2, 3], &truncated);
    check(zeros(), &[2], &[0, 0]);
    check(ones(), &[2], &[0x3f800000; 2]);
    check(constant(2.5), &[2], &[0x40200000; 2]);
    let narrow = truncated_normal_within(2.0, -0.5, 0.25).initialize(Key::new(0), &[1000], F32);
    let (low, high) = (narrow.min_all().item::<f32>().unwrap(), narrow.max_all().item::<f32>().unwrap());
    assert!((-1.0..-0.99).contains(&low) && (0.49..0.5).contains(&high), "{low} {high}");
}

#[test]
fn variance_scaling_is_flax_s() {
    let geometric = variance_scaling(1.0, Mode::FanGeoAvg, Distribution::Normal);
    check(geometric, &[2, 3], &[0xbc942714, 0x3e98d127, 0x3e4178cd, 0x3dc8ec61, 0xbda24dc8, 0x3e0ded91]);
    let embedding = VarianceScaling::new(1.0, Mode::FanIn, Distribution::Normal).out_axis([0]);
    check(embedding, &[3, 2], &[0xbca3f535, 0x3ea91eab, 0x3e561ca0, 0x3dde5bb5, 0xbdb39e63, 0x3e1d11b3]);
}

/// The mean square of many values is the requested variance, whichever axes make the fan.
#[test]
fn the_variance_is_the_scale_over_the_fan() {
    let of = |scaling: VarianceScaling, shape: &[usize], expected: f64| {
        let values = Initializer::from(scaling).initialize(Key::new(7), shape, F64);
        assert_eq!(values.dtype(), F64);
        let found = values.square().mean_all().item::<f64>().unwrap();
        assert!((found / expected - 1.0).abs() < 0.03, "{found}, expected {expected}");
    };
    for distribution in [Distribution::TruncatedNormal, Distribution::Normal, Distribution::Uniform] {
        let scaling = |mode| VarianceScaling::new(3.0, mode, distribution);
        of(scaling(Mode::FanIn), &[8, 100, 50], 3.0 / 800.0);
        of(scaling(Mode::FanOut), &[8, 100, 50], 3.0 / 400.0);
        of(scaling(Mode::FanAvg), &[8, 100, 50], 3.0 / 600.0);
        of(scaling(Mode::FanGeoAvg), &[8, 100, 50], 3.0 / (800.0f64 * 400.0).sqrt());
        of(scaling(Mode::FanIn).batch_axis([0]), &[8, 100, 50], 3.0 / 100.0);
        of(scaling(Mode::FanIn).in_axis([0, 1]).out_axis([-1]), &[8, 100, 50], 3.0 / 800.0);
        of(scaling(Mode::FanOut).in_axis([0, -2]).out_axis([2]), &[8, 100, 50], 3.0 / 50.0);
        of(scaling(Mode::FanIn).in_axis([0]).out_axis([]), &[20_000], 3.0 / 20_000.0);
    }
}

#[track_caller]
fn assert_close(values: &Tensor, expected: &[f32]) {
    let values = values.to_vec::<f32>().unwrap();
    assert_eq!(values.len(), expected.len());
    for (found, expected) in values.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} not {expected}");
    }
}

#[test]
fn orthogonal_is_flax_s() {
    let expected = [-0.0879273, 0.9185913, -0.3853038, 0.8722634, 0.2578021, 0.4155657];
    assert_close(&orthogonal(1.0, -1).initialize(Key::new(42), &[2, 3], F32), &expected);
    assert_close(&orthogonal(2.0, -1).initialize(Key::new(42), &[2, 3], F32), &expected.map(|x| 2.0 * x));
    let delta = delta_orthogonal(1.0, -1).initialize(Key::new(42), &[3, 2, 2], F32);
    let middle = [-0.0952842, 0.9954501, 0.9954501, 0.0952843];
    assert_close(&delta.index(1), &middle);
    assert_close(&delta.index(0), &[0.0; 4]);
    assert_close(&delta.index(2), &[0.0; 4]);
}

#[test]
fn orthogonal_matrices_keep_lengths_along_any_axis() {
    for (shape, axis) in
        [(vec![7, 4], -1), (vec![4, 7], -1), (vec![4, 7], 0), (vec![3, 5, 2], 1), (vec![6, 6], -1)]
    {
        let values = orthogonal(1.5, axis).initialize(Key::new(3), &shape, F32);
        assert_eq!(values.shape(), shape);
        let axis = if axis < 0 { shape.len() - 1 } else { axis.cast_unsigned() };
        let order: Vec<usize> = (0..shape.len()).filter(|other| *other != axis).chain([axis]).collect();
        let columns = shape[axis];
        let matrix = values.transpose(order).reshape([values.size() / columns, columns]);
        let (rows, columns) = (matrix.shape()[0], matrix.shape()[1]);
        let product = if rows < columns { matrix.matmul(&matrix.t()) } else { matrix.t().matmul(&matrix) };
        assert_close(&(product / 2.25), &Tensor::eye(rows.min(columns), F32).to_vec::<f32>().unwrap());
    }
}

#[test]
fn delta_orthogonal_is_zero_but_for_the_middle_of_the_window() {
    for (shape, middle) in
        [(vec![4, 2, 3], vec![1]), (vec![3, 4, 2, 2], vec![1, 1]), (vec![1, 2, 5, 2, 2], vec![0, 0, 2])]
    {
        let mut values = delta_orthogonal(1.0, -1).initialize(Key::new(3), &shape, F32);
        let sum = values.square().sum_all().item::<f32>().unwrap();
        for index in middle {
            values = values.index(index);
        }
        assert!(
            (sum - 2.0).abs() < 1e-5 && (values.square().sum_all().item::<f32>().unwrap() - sum).abs() < 1e-6
        );
    }
}

#[track_caller]
fn refused(initializer: impl Into<Initializer>, shape: &[usize], expected: &str) {
    let values = initializer.into().initialize(Key::new(0), shape, F32);
    assert_eq!((values.shape(), values.dtype()), (shape, F32));
    let message = values.evaluate().unwrap_err().to_string();
    assert!(message.ends_with(expected), "{message}\nis not\n{expected}");
}

#[test]
fn what_cannot_be_is_told() {
    refused(
        lecun_normal(),
        &[3],
        "lecun_normal: shape is [3], expected at least two axes, inputs and outputs, or an in_axis",
    );
    refused(he_uniform(), &[0, 3], "he_uniform: shape is [0, 3], expected no extent of 0");
    refused(normal(f64::NAN), &[3], "normal: stddev is NaN, expected a finite number");
    refused(uniform(f64::INFINITY), &[3], "uniform: scale is inf, expected a finite number");
    refused(truncated_normal(f64::NAN), &[3], "truncated_normal: stddev is NaN, expected a finite number");
    refused(
        truncated_normal_within(1.0, 2.0, 1.0),
        &[3],
        "lower..upper is 2..1, expected a lower bound below the upper bound",
    );
    let scaling = |scale| VarianceScaling::new(scale, Mode::FanIn, Distribution::Normal);
    refused(scaling(-1.0), &[2, 3], "variance_scaling: scale is -1, expected a finite number, not negative");
    refused(
        scaling(f64::NAN),
        &[2, 3],
        "variance_scaling: scale is NaN, expected a finite number, not negative",
    );
    refused(scaling(1.0).in_axis([2]), &[2, 3], "variance_scaling: in_axis is 2, expected an axis of [2, 3]");
    refused(
        scaling(1.0).out_axis([-3]),
        &[2, 3],
        "variance_scaling: out_axis is -3, expected an axis of [2, 3]",
    );
    refused(
        scaling(1.0).batch_axis([5]),
        &[2, 3],
        "variance_scaling: batch_axis is 5, expected an axis of [2, 3]",
    );
    refused(orthogonal(1.0, -1), &[3], "orthogonal: shape is [3], expected at least two axes");
    refused(orthogonal(1.0, 2), &[3, 3], "orthogonal: column_axis is 2, expected an axis of [3, 3]");
    refused(orthogonal(f64::NAN, 0), &[3, 3], "orthogonal: scale is NaN, expected a finite number");
    refused(
        delta_orthogonal(1.0, -1),
        &[3, 3],
        "shape is [3, 3], expected one to three axes of a window, inputs and outputs",
    );
    refused(
        delta_orthogonal(1.0, -1),
        &[3, 3, 2],
        "shape is [3, 3, 2], expected no more inputs than outputs (the last two axes)",
    );
    let integers = lecun_normal().initialize(Key::new(0), &[2, 3], I32).evaluate().unwrap_err().to_string();
    assert!(integers.ends_with("lecun_normal: dtype is i32, expected a float"), "{integers}");
    let empty = orthogonal(1.0, -1).initialize(Key::new(0), &[0, 3], F32);
    assert_eq!(empty.to_vec::<f32>().unwrap(), [0.0; 0]);
}

/// The factorization needs values: a traced key has none.
#[test]
fn orthogonal_under_jit_says_what_it_needs() {
    let rotated = jit(|key: Key| Ok(orthogonal(1.0, -1).initialize(key, &[3, 3], F32)));
    let message = rotated(Key::new(0)).expect_err("no value").to_string();
    assert!(message.ends_with("expected a key with a value: initialise outside of jit"), "{message}");
    let constant = jit(|x: Tensor| Ok(x + orthogonal(1.0, -1).initialize(Key::new(42), &[2, 3], F32)));
    let values = constant(Tensor::zeros([], F32)).unwrap();
    assert!((values.to_vec::<f32>().unwrap()[0] + 0.0879273).abs() < 1e-6);
    let drawn = jit(|key: Key| Ok(lecun_normal().initialize(key, &[2, 3], F32)));
    assert_eq!(drawn(Key::new(42)).unwrap().to_vec::<f32>().unwrap()[0].to_bits(), 0xbcb1e990);
}

#[test]
fn an_initializer_s_error_names_the_parameter_s_line() {
    let model = Dense::new(3).kernel_init(normal(f64::NAN));
    let error = model.init(Key::new(0), |m| m.call(&Tensor::ones([1, 2], F32))).unwrap_err();
    assert!(error.to_string().contains("normal: stddev is NaN"), "{error}");
    assert!(matches!(error, metamlp::Error::Tensor(Error::Argument { .. })), "{error:?}");
}

#[test]
fn initializers_print_their_options() {
    let print = |initializer: Initializer| format!("{initializer:?}");
    assert_eq!(print(he_normal()), "he_normal");
    assert_eq!(print(normal(0.5)), "normal(0.5)");
    let scaling = VarianceScaling::new(1.5, Mode::FanAvg, Distribution::Uniform);
    assert_eq!(print(scaling.clone().into()), "variance_scaling(1.5, FanAvg, Uniform)");
    let expected = "variance_scaling(1.5, FanAvg, Uniform, [-2], [0], [])";
    assert_eq!(print(scaling.out_axis([0]).into()), expected);
}

/// The bits that JAX 0.10.2 draws with `key(42)` for `[2, 3]`, compiled, on a CPU with 16-bit arithmetic (AVX512-FP16).
#[test]
fn half_precision_has_the_bits_of_jax() {
    let bits = |x: Tensor| -> Vec<u16> {
        match x.dtype() {
            F16 => x.to_vec::<f16>().unwrap().into_iter().map(f16::to_bits).collect(),
            _ => x.to_vec::<bf16>().unwrap().into_iter().map(bf16::to_bits).collect(),
        }
    };
    for (init, in_f16, in_bf16) in [
        (
            lecun_normal(),
            [0xbc35, 0xb94f, 0x3d6d, 0x383e, 0xae44, 0xb626],
            [0x3e83, 0x3f43, 0x3fa5, 0x3f3d, 0xbf85, 0x3f43],
        ),
        (
            he_uniform(),
            [0xbde0, 0xbc4a, 0x3e97, 0x3b1f, 0xb1a1, 0xb955],
            [0x3eec, 0x3f99, 0x3fd0, 0x3f95, 0xbfbb, 0x3f99],
        ),
        (
            normal(0.01),
            [0xa352, 0xa07c, 0x250e, 0x1f23, 0x9535, 0x9d24],
            [0x3b62, 0x3c27, 0x3c9b, 0x3c21, 0xbc67, 0x3c27],
        ),
    ] {
        assert_eq!(bits(init.initialize(Key::new(42), &[2, 3], F16)), in_f16, "{init:?}");
        assert_eq!(bits(init.initialize(Key::new(42), &[2, 3], BF16)), in_bf16, "{init:?}");
    }
}

#[test]
fn shapes_without_a_size_are_errors() {
    for shape in [&[1 << 62, 3, 1 << 40][..], &[0, usize::MAX, 3], &[3, usize::MAX, usize::MAX]] {
        for initializer in [orthogonal(1.0, -1), delta_orthogonal(1.0, -1)] {
            let value = initializer.initialize(Key::new(0), shape, F32);
            assert!(value.error().is_some(), "{shape:?}");
        }
    }
}
