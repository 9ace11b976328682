//! Activations: values against JAX, gradients against finite differences, and both where a formula
//! would overflow.

mod sixteen_bits;
mod special_points;

use std::f64::consts::LN_2;

use metamlp_core::activations::*;
use metamlp_tensor::{F32, F64, I32, Tensor, grad};

type Activation = fn(&Tensor) -> Tensor;

/// Every elementwise activation, with its values at -88, -3, -1, -0.5, 0, 0.5, 1, 2.5 and 88, computed
/// by JAX in f64.
const ELEMENTWISE: &[(&str, Activation, [f64; 9])] = &[
    ("relu", relu, [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5, 88.0]),
    ("relu6", relu6, [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.5, 6.0]),
    ("leaky_relu", leaky_relu, [-0.88, -0.03, -0.01, -0.005, 0.0, 0.5, 1.0, 2.5, 88.0]),
    (
        "elu",
        elu,
        [-1.0, -0.950212931632136, -0.6321205588285577, -0.3934693402873665, 0.0, 0.5, 1.0, 2.5, 88.0],
    ),
    (
        "celu",
        celu,
        [-1.0, -0.950212931632136, -0.6321205588285577, -0.3934693402873665, 0.0, 0.5, 1.0, 2.5, 88.0],
    ),
    (
        "selu",
        selu,
        [
            -1.7580993408473766,
            -1.6705687287671118,
            -1.1113307378125625,
            -0.6917581878028712,
            0.0,
            0.5253504936777402,
            1.0507009873554805,
            2.626752468388701,
            92.46168688728228,
        ],
    ),
    (
        "sigmoid",
        sigmoid,
        [
            6.054601895401186e-39,
            0.04742587317756678,
            0.2689414213699951,
            0.3775406687981454,
            0.5,
            0.6224593312018546,
            0.7310585786300049,
            0.9241418199787566,
            1.0,
        ],
    ),
    (
        "log_sigmoid",
        log_sigmoid,
        [
            -88.0,
            -3.048587351573742,
            -1.3132616875182228,
            -0.9740769841801067,
            -LN_2,
            -0.4740769841801067,
            -0.3132616875182228,
            -0.07888973429254963,
            -6.054601895401186e-39,
        ],
    ),
    (
        "softplus",
        softplus,
        [
            6.054601895401186e-39,
            0.04858735157374206,
            0.3132616875182228,
            0.4740769841801067,
            LN_2,
            0.9740769841801067,
            1.3132616875182228,
            2.5788897342925496,
            88.0,
        ],
    ),
    (
        "tanh",
        tanh,
        [
            -1.0,
            -0.9950547536867305,
            -0.7615941559557649,
            -0.4621171572600098,
            0.0,
            0.4621171572600098,
            0.7615941559557649,
            0.9866142981514302,
            1.0,
        ],
    ),
    (
        "soft_sign",
        soft_sign,
        [
            -0.9887640449438202,
            -0.75,
            -0.5,
            -0.3333333333333333,
            0.0,
            0.3333333333333333,
            0.5,
            0.7142857142857143,
            0.9887640449438202,
        ],
    ),
    (
        "silu",
        silu,
        [
            -5.328049667953043e-37,
            -0.14227761953270035,
            -0.2689414213699951,
            -0.1887703343990727,
            0.0,
            0.3112296656009273,
            0.7310585786300049,
            2.3103545499468914,
            88.0,
        ],
    ),
    (
        "gelu",
        gelu,
        [
            -0.0,
            -0.003637392081773161,
            -0.1588080093917233,
            -0.15428599017485609,
            0.0,
            0.3457140098251439,
            0.8411919906082768,
            2.4849157339100016,
            88.0,
        ],
    ),
    (
        "gelu_exact",
        gelu_exact,
        [
            -0.0,
            -0.004049694094890279,
            -0.15865525393145707,
            -0.15426876936299344,
            0.0,
            0.34573123063700656,
            0.8413447460685429,
            2.4844758366855597,
            88.0,
        ],
    ),
    (
        "hard_sigmoid",
        hard_sigmoid,
        [
            0.0,
            0.0,
            0.3333333333333333,
            0.41666666666666663,
            0.5,
            0.5833333333333333,
            0.6666666666666666,
            0.9166666666666666,
            1.0,
        ],
    ),
    (
        "hard_silu",
        hard_silu,
        [
            -0.0,
            -0.0,
            -0.3333333333333333,
            -0.20833333333333331,
            0.0,
            0.29166666666666663,
            0.6666666666666666,
            2.2916666666666665,
            88.0,
        ],
    ),
    ("hard_tanh", hard_tanh, [-1.0, -1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0, 1.0]),
];

const AT: [f64; 9] = [-88.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5, 88.0];

#[test]
fn values_are_jax_s() {
    for (name, activation, expected) in ELEMENTWISE {
        let wide = activation(&Tensor::from_vec([9], AT.to_vec())).to_vec::<f64>().unwrap();
        let single = activation(&Tensor::from_vec([9], AT.to_vec()).convert(F32));
        assert_eq!(single.dtype(), F32, "{name}");
        let single = single.to_vec::<f32>().unwrap();
        for i in 0..AT.len() {
            let (expected, scale) = (expected[i], 1.0 + expected[i].abs());
            assert!(
                (wide[i] - expected).abs() < 1e-14 * scale,
                "{name}({}): {} not {expected}",
                AT[i],
                wide[i]
            );
            let single = f64::from(single[i]);
            assert!((single - expected).abs() < 3e-7 * scale, "{name}({}): {single} not {expected}", AT[i]);
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    const STEP: f64 = 1e-6;
    // Points away from the kinks.
    let at = [-5.3, -2.2, -0.7, -0.1, 0.2, 0.9, 1.8, 4.1];
    for (name, activation, _) in ELEMENTWISE {
        let sum = |x: &Tensor| activation(x).sum_all();
        let gradient = grad(&Tensor::from_vec([8], at.to_vec()), sum).unwrap().to_vec::<f64>().unwrap();
        for (x, found) in at.into_iter().zip(gradient) {
            let value = |x: f64| activation(&Tensor::scalar(x)).item::<f64>().unwrap();
            let expected = (value(x + STEP) - value(x - STEP)) / (2.0 * STEP);
            assert!((found - expected).abs() < 1e-8, "{name}'({x}): {found} not {expected}");
        }
    }
}

#[test]
fn values_and_gradients_have_their_limits_where_formulas_overflow() {
    // At -inf, -88, 88 and inf: the values in `f32`, and the slopes on both sides.
    let relu_like = [0.0, 0.0, 88.0, f32::INFINITY];
    let cases: [(&str, Activation, [f32; 4], [f32; 2]); 13] = [
        ("relu", relu, relu_like, [0.0, 1.0]),
        ("silu", silu, relu_like, [0.0, 1.0]),
        ("gelu", gelu, relu_like, [0.0, 1.0]),
        ("gelu_exact", gelu_exact, relu_like, [0.0, 1.0]),
        ("hard_silu", hard_silu, relu_like, [0.0, 1.0]),
        ("softplus", softplus, relu_like, [0.0, 1.0]),
        ("log_sigmoid", log_sigmoid, [f32::NEG_INFINITY, -88.0, 0.0, 0.0], [1.0, 0.0]),
        ("elu", elu, [-1.0, -1.0, 88.0, f32::INFINITY], [0.0, 1.0]),
        ("celu", celu, [-1.0, -1.0, 88.0, f32::INFINITY], [0.0, 1.0]),
        ("sigmoid", sigmoid, [0.0, 0.0, 1.0, 1.0], [0.0, 0.0]),
        ("tanh", tanh, [-1.0, -1.0, 1.0, 1.0], [0.0, 0.0]),
        ("soft_sign", soft_sign, [-1.0, -88.0 / 89.0, 88.0 / 89.0, 1.0], [0.0, 0.0]),
        ("relu6", relu6, [0.0, 0.0, 6.0, 6.0], [0.0, 0.0]),
    ];
    let x = Tensor::from_vec([4], vec![f32::NEG_INFINITY, -88.0, 88.0, f32::INFINITY]);
    for (name, activation, values, [below, above]) in cases {
        let found = activation(&x).to_vec::<f32>().unwrap();
        let close = |found: f32, expected: f32| found == expected || (found - expected).abs() < 1e-6;
        assert!(
            found.iter().zip(values).all(|(&found, expected)| close(found, expected)),
            "{name}: {found:?}"
        );
        let slopes = grad(&x, |x| activation(x).sum_all()).unwrap().to_vec::<f32>().unwrap();
        let expected = [below, below, above, above];
        let close = |found: f32, expected: f32| (found - expected).abs() < 2e-4;
        assert!(
            slopes.iter().zip(expected).all(|(&found, slope)| close(found, slope)),
            "{name}': {slopes:?}"
        );
    }
}

#[test]
fn gradients_stay_finite_between_saturation_and_infinity() {
    for magnitude in [200.0, 1e4, 1e15, 1e25, f64::from(f32::MAX)] {
        let x = Tensor::from_vec([2], vec![-magnitude, magnitude]).convert(F32);
        for (name, activation, _) in ELEMENTWISE {
            let slopes = grad(&x, |x| activation(x).sum_all()).unwrap().to_vec::<f32>().unwrap();
            assert!(slopes.iter().all(|slope| slope.is_finite()), "{name}' at ±{magnitude}: {slopes:?}");
        }
    }
}

#[test]
fn nan_stays_nan() {
    for (name, activation, _) in ELEMENTWISE {
        let found = activation(&Tensor::scalar(f32::NAN)).item::<f32>().unwrap();
        assert!(found.is_nan(), "{name}: {found}");
    }
}

#[test]
fn relu_has_no_gradient_at_0_and_keeps_the_dtype() {
    let slope = grad(&Tensor::scalar(0.0f32), |x| relu(x)).unwrap().item::<f32>().unwrap();
    assert_eq!(slope, 0.0);
    for dtype in [I32, F32, F64] {
        let x = Tensor::from_vec([2], vec![-2, 3]).convert(dtype);
        assert_eq!((relu(&x).dtype(), relu6(&x).dtype(), hard_tanh(&x).dtype()), (dtype, dtype, dtype));
        assert_eq!(relu(&x).convert(I32).to_vec::<i32>().unwrap(), [0, 3]);
    }
    assert_eq!(silu(&Tensor::from_vec([1], vec![1])).dtype(), F32);
}

const ROW: [f64; 6] = [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0];

#[track_caller]
fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = found.to_vec::<f64>().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found} not {expected}");
    }
}

#[test]
fn functions_along_an_axis_are_jax_s() {
    let row = Tensor::from_vec([6], ROW.to_vec());
    assert_close(
        &softmax(&row, -1),
        &[0.0077899391, 0.0575603074, 0.0949008998, 0.1564651298, 0.2579673907, 0.4253163333],
    );
    assert_close(&log_softmax(&row, 0), &ROW.map(|x| x - 1.8549220862));
    assert_close(&logsumexp(&row, -1), &[1.8549220862]);
    assert_close(
        &standardize(&row, -1),
        &[-1.9364858634, -0.3872971727, 0.0, 0.3872971727, 0.7745943454, 1.1618915181],
    );
    assert_close(&glu(&row, -1), &[-1.5, -0.6224593312, -0.3655292893]);
    assert_close(&elu_with_alpha(&row, 0.5), &[-0.4751064658, -0.3160602794, -0.1967346701, 0.0, 0.5, 1.0]);
    assert_close(&celu_with_alpha(&row, 0.5), &[-0.4987606239, -0.4323323584, -0.3160602794, 0.0, 0.5, 1.0]);
    // The same along another axis, transposed.
    let both = Tensor::stack(&[&row, &(&row * 0.3)], 1);
    assert_eq!(softmax(&both, 0).shape(), [6, 2]);
    assert_close(&glu(&both, 0).t().index(0), &[-1.5, -0.6224593312, -0.3655292893]);
    assert_close(&normalize(&both, 0).t().index(0), &standardize(&row, -1).to_vec::<f64>().unwrap());
}

#[test]
fn a_constant_row_is_standardized_to_zeros() {
    let x = Tensor::full([4], 0.1, F32);
    let found = standardize(&x, -1).to_vec::<f32>().unwrap();
    assert!(found.iter().all(|x| x.abs() < 1e-4), "{found:?}");
    let slopes = grad(&x, |x| standardize(x, -1).square().sum_all()).unwrap().to_vec::<f32>().unwrap();
    assert!(slopes.iter().all(|slope| slope.is_finite()), "{slopes:?}");
}

#[test]
fn one_hot_takes_any_shape_and_ignores_what_is_out_of_range() {
    let indices = Tensor::from_vec([2, 2], vec![1, -1, 0, 7]);
    let found = one_hot(&indices, 2);
    assert_eq!(found.shape(), [2, 2, 2]);
    assert_eq!(found.to_vec::<f32>().unwrap(), [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_does_not_fit_is_told_with_the_caller_s_line() {
    let message = |x: Tensor| x.evaluate().unwrap_err().to_string();
    let odd = message(glu(&Tensor::ones([2, 3], F32), -1));
    assert!(odd.ends_with("glu: the extent to halve is 3, expected an even number"), "{odd}");
    assert!(odd.starts_with(file!()), "{odd}");
    let axis = message(glu(&Tensor::ones([2, 4], F32), 2));
    assert!(axis.ends_with("glu: axis is 2, expected an axis of [2, 4]"), "{axis}");
    let floats = message(one_hot(&Tensor::ones([2], F32), 3));
    assert!(floats.ends_with("one_hot: the dtype of the indices is f32, expected i32 or u32"), "{floats}");
    assert!(softmax(&Tensor::ones([2], F32), 1).evaluate().is_err());
}
