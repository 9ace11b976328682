//! Problems that several tests share, and the comparison of numbers.

use metamlp_core::Map;
use metamlp_ot::{CostMatrix, Epsilon, Geometry, LinearProblem};
use metamlp_tensor::{F64, Tensor};

/// The tolerance for doubles: the reference numbers are rounded to it.
pub(crate) const TOLERANCE: f64 = 2e-9;

/// The squared distances between 0, 1 and 2.
pub(crate) fn three_points(epsilon: impl Into<Epsilon>) -> Geometry {
    let cost = Tensor::from_vec([3, 3], vec![0.0, 1.0, 4.0, 1.0, 0.0, 1.0, 4.0, 1.0, 0.0]);
    CostMatrix::new(&cost, epsilon).unwrap().into()
}

pub(crate) fn vector(values: &[f64]) -> Tensor {
    Tensor::from_vec([values.len()], values.to_vec())
}

pub(crate) fn problem(geometry: impl Into<Geometry>, a: &[f64], b: &[f64]) -> LinearProblem {
    LinearProblem::new(geometry, vector(a), vector(b)).unwrap()
}

/// The weights of the reference cases.
pub(crate) fn three_point_problem(epsilon: impl Into<Epsilon>) -> LinearProblem {
    problem(three_points(epsilon), &[0.5, 0.3, 0.2], &[0.2, 0.3, 0.5])
}

#[track_caller]
pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        found == expected || (found - expected).abs() <= tolerance,
        "found {found}, expected {expected} to within {tolerance:e}"
    );
}

#[track_caller]
pub(crate) fn assert_all_close(found: &Tensor, expected: &[f64], tolerance: f64) {
    let values = found.convert(F64).to_vec::<f64>().unwrap();
    assert_eq!(values.len(), expected.len());
    let close = |(x, y): (&f64, &f64)| x == y || (x - y).abs() <= tolerance;
    assert!(
        values.iter().zip(expected).all(close),
        "found {values:?}, expected {expected:?} to within {tolerance:e}"
    );
}

#[track_caller]
pub(crate) fn assert_errors(found: &[f64], expected: &[f64], tolerance: f64) {
    assert!(found.len() >= expected.len());
    for (k, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            found == expected || (found - expected).abs() <= tolerance,
            "block {k}: error {found}, expected {expected}"
        );
    }
}

/// Parameters of the network `MetaMLP(3, 4, 2)` on 3 and 2 atoms: every kernel
/// evenly spaced from -0.5 to 0.5, every bias 0.1.
pub(crate) fn fixed_params() -> Map {
    let layer = |inputs: usize, features: usize| {
        let size = inputs * features;
        let kernel = (0..size).map(|i| i as f64 / (size - 1) as f64 - 0.5).collect();
        let kernel = Tensor::from_vec([inputs, features], kernel);
        Map::from([("kernel", kernel), ("bias", Tensor::full([features], 0.1, F64))])
    };
    Map::from([("Dense_0", layer(5, 4)), ("Dense_1", layer(4, 4)), ("Dense_2", layer(4, 3))])
}
