//! Activations of `f16` and `bf16`: values and gradients are those of `f64`, rounded; nothing overflows on
//! the way.

use metamlp_core::activations::*;
use metamlp_tensor::{BF16, DType, F16, F64, Tensor, grad};

use super::{Activation, ELEMENTWISE};

fn along_an_axis() -> [(&'static str, Activation); 5] {
    [
        ("softmax", |x| softmax(x, -1)),
        ("log_softmax", |x| log_softmax(x, -1)),
        ("standardize", |x| standardize(x, -1)),
        ("normalize", |x| normalize(x, -1)),
        ("glu", |x| glu(x, -1)),
    ]
}

/// The value, and the gradient of its sum.
fn both(f: Activation, x: &Tensor) -> [Vec<f64>; 2] {
    let gradient = grad(x, |x| f(x).sum_all()).unwrap();
    [f(x), gradient].map(|found| {
        assert_eq!(found.dtype(), x.dtype());
        found.convert(F64).to_vec().unwrap()
    })
}

/// `tolerance` is relative to the largest number on the way.
#[track_caller]
fn check(name: &str, f: Activation, x: &Tensor, dtype: DType, scale: [f64; 2]) {
    let x = x.convert(dtype);
    let (found, expected) = (both(f, &x), both(f, &x.convert(F64)));
    let unit = if dtype == F16 { 1e-3 } else { 8e-3 };
    for order in 0..2 {
        for (i, (found, expected)) in found[order].iter().zip(&expected[order]).enumerate() {
            let is_near = (found - expected).abs() <= 3.0 * unit * (scale[order] + expected.abs());
            assert!(is_near, "{name} of {dtype}, derivative {order}, {i}: {found}, not {expected}");
        }
    }
}

#[test]
fn no_power_of_a_moderate_number_overflows() {
    let sizes = [0.5, 2.0, 5.0, 12.0, 19.0, 21.0, 100.0, 255.0, 256.0, 300.0, 999.0, 1001.0, 60_000.0];
    let points: Vec<f64> = sizes.iter().flat_map(|&size| [-size, size]).chain([0.0]).collect();
    let x = Tensor::from_vec([points.len()], points);
    for dtype in [F16, BF16] {
        for (name, f, _) in ELEMENTWISE {
            // The slope is a difference of numbers as large as the argument of its exponential.
            check(name, *f, &x, dtype, [0.1, 2.0]);
        }
    }
}

#[test]
fn functions_along_an_axis_do_not_overflow() {
    for dtype in [F16, BF16] {
        for (name, f) in along_an_axis() {
            for row in [[300.0, 500.0, 100.0, 0.0], [-1.0, 0.5, 2.0, 1.0], [1000.0, 1001.0, 1002.0, 1003.0]] {
                check(name, f, &Tensor::from_vec([1, 4], row.to_vec()), dtype, [1.0, 1.0]);
            }
        }
    }
    let row = Tensor::from_vec([3], vec![300.0f64, 500.0, 100.0]).convert(F16);
    let found = standardize(&row, -1).convert(F64).to_vec::<f64>().unwrap();
    assert!(found[0] == 0.0 && (found[1] - 1.2247).abs() < 1e-3 && (found[2] + 1.2247).abs() < 1e-3);
}
