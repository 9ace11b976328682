//! Bad input gives errors that name the input and the accepted values.

use crate::support::*;
use metamlp_ot::{
    CostMatrix, Epsilon, Error, Geometry, Grid, LinearProblem, Momentum, Over, PointCloud, Sinkhorn,
};
use metamlp_tensor::{F32, F64, I32, Tensor};

#[track_caller]
fn assert_says(error: &Error, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

fn weights_error(a: Tensor) -> Error {
    LinearProblem::new(three_points(1.0), a, None).unwrap_err()
}

#[test]
fn weights() {
    let error = weights_error(vector(&[0.5, 0.3, 0.1]));
    assert!(matches!(error, Error::WeightsSum { name: "a", sum, .. } if (sum - 0.9).abs() < 1e-12));
    assert_says(&error, &["a", "0.9", "expected 1"]);

    let error = weights_error(vector(&[0.5, 0.7, -0.2]));
    assert!(
        matches!(&error, Error::Value { name: "a", index, value, .. } if index == &[2] && *value == -0.2)
    );
    assert_says(&error, &["a[2]", "-0.2", "at least 0"]);

    let error = weights_error(vector(&[0.5, f64::NAN, 0.5]));
    assert_says(&error, &["a[1]", "NaN"]);

    let error = weights_error(vector(&[0.5, f64::INFINITY, 0.5]));
    assert!(matches!(error, Error::WeightsSum { .. }));

    let error = weights_error(vector(&[0.5, 0.5]));
    assert_says(&error, &["a", "[2]", "[3]"]);

    let error = weights_error(Tensor::zeros([3], I32));
    assert!(matches!(error, Error::NotFloat { name: "a", found: I32, .. }));

    let batch = Tensor::from_vec([2, 3], vec![0.5, 0.3, 0.2, 0.5, 0.3, 0.3]);
    assert_says(&weights_error(batch), &["a[1]", "1.1"]);

    let negative = Tensor::from_vec([2, 3], vec![0.5, 0.3, 0.2, 0.9, -0.1, 0.2]);
    assert_says(&weights_error(negative), &["a[1, 1]", "-0.1"]);

    let (two, three) = (Tensor::full([2, 3], 1.0 / 3.0, F64), Tensor::full([3, 3], 1.0 / 3.0, F64));
    assert!(LinearProblem::new(three_points(1.0), two, three).is_err());
}

#[test]
fn single_precision_is_near_enough() {
    let thirds = Tensor::full([300], 1.0f32 / 300.0, F32);
    let grid = Grid::from_size([300], F32, 0.1).unwrap();
    assert!(LinearProblem::new(grid, thirds, None).is_ok());
}

#[test]
fn costs() {
    let nan = Tensor::from_vec([2, 2], vec![0.0, 1.0, f64::NAN, 0.0]);
    let error = CostMatrix::new(&nan, 1.0).unwrap_err();
    assert_says(&error, &["cost matrix[1, 0]", "NaN"]);
    let boundless = Tensor::from_vec([2, 2], vec![0.0, f64::NEG_INFINITY, 1.0, 0.0]);
    assert_says(&CostMatrix::new(&boundless, 1.0).unwrap_err(), &["[0, 1]", "-inf"]);
    assert!(CostMatrix::new(&vector(&[0.0, 1.0]), 1.0).is_err());
    assert!(CostMatrix::new(&Tensor::zeros([0, 3], F64), 1.0).is_err());
    assert!(CostMatrix::new(&Tensor::zeros([2, 2], I32), 1.0).is_err());
    assert!(CostMatrix::new(&Tensor::spec([2, 2], F64), 1.0).is_err());
}

#[test]
fn epsilons() {
    for epsilon in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let cost = Tensor::eye(2, F64);
        let error = CostMatrix::new(&cost, epsilon).unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "epsilon", .. }));
        assert_says(&error, &["epsilon", &epsilon.to_string(), "above 0"]);
        assert!(Grid::from_size([2], F64, epsilon).is_err());
    }
    let constant = CostMatrix::new(&Tensor::ones([2, 2], F64), Epsilon::default()).unwrap_err();
    assert_says(&constant, &["standard deviation", "0", "as a number"]);
}

#[test]
fn points() {
    let plane = Tensor::zeros([3, 2], F64);
    let error = PointCloud::new(&plane, &Tensor::zeros([4, 3], F64), 1.0).unwrap_err();
    assert!(matches!(error, Error::Dimensions { x: 2, y: 3, .. }));
    assert!(PointCloud::new(&plane, &vector(&[1.0]), 1.0).is_err());
    let nan = Tensor::from_vec([2, 2], vec![0.0, 1.0, f64::NAN, 0.0]);
    assert_says(&PointCloud::new(&plane, &nan, 1.0).unwrap_err(), &["points y[1, 0]", "NaN"]);
}

#[test]
fn grids() {
    assert_says(&Grid::from_size([], F32, 1.0).unwrap_err(), &["axes", "0", "at least 1"]);
    assert!(Grid::new(&[], 1.0).is_err());
    assert!(Grid::from_size([3, 0], F32, 1.0).is_err());
    assert!(Grid::from_size([3], I32, 1.0).is_err());
    assert!(Grid::new(&[vector(&[0.0, f64::NAN])], 1.0).is_err());
    assert!(Grid::new(&[Tensor::eye(2, F64)], 1.0).is_err());
    let grid = Geometry::from(Grid::from_size([3, 3], F64, 1.0).unwrap());
    assert_says(&grid.cost_matrix().unwrap_err(), &["Grid", "cost matrix"]);
    assert!(grid.kernel_matrix().is_err());
    let f = Tensor::zeros([9], F64);
    assert_says(&grid.transport_from_potentials(&f, &f).unwrap_err(), &["transport matrix"]);
    assert!(grid.transport_from_scalings(&f, &f).is_err());
}

#[test]
fn settings() {
    let problem = three_point_problem(1.0);
    let cases: [(Sinkhorn, &str); 10] = [
        (Sinkhorn::new().threshold(f64::NAN), "threshold"),
        (Sinkhorn::new().inner_iterations(0), "inner_iterations"),
        (Sinkhorn::new().min_iterations(11).max_iterations(10), "min_iterations"),
        (Sinkhorn::new().max_iterations(usize::MAX), "max_iterations"),
        (Sinkhorn::new().norm_error(0.5), "norm_error"),
        (Sinkhorn::new().norm_error(f64::NAN), "norm_error"),
        (Sinkhorn::new().momentum(Momentum::new(0.0)), "momentum"),
        (Sinkhorn::new().momentum(Momentum::new(2.0)), "momentum"),
        (Sinkhorn::new().momentum(Momentum::adaptive(10)), "start"),
        (Sinkhorn::new().momentum(Momentum::new(1.0).error_threshold(f64::NAN)), "error threshold"),
    ];
    for (solver, setting) in cases {
        assert_says(&solver.solve(&problem).unwrap_err(), &[setting, "expected"]);
    }
}

#[test]
fn potentials_of_another_length() {
    let geometry = three_points(1.0);
    let four = Tensor::zeros([4], F64);
    let error = geometry.apply_lse_kernel(&four, 1.0, Over::Rows).evaluate().unwrap_err();
    assert!(error.to_string().contains("[4]"), "{error}");
    assert!(geometry.apply_kernel(&four, 1.0, Over::Columns).evaluate().is_err());
    let three = Tensor::zeros([3], F64);
    let problem = three_point_problem(1.0);
    let error = Sinkhorn::new().solve_from(&problem, &three, &four).unwrap_err();
    assert_says(&error, &["g", "[4]", "[3]"]);
}

#[test]
fn potentials_with_a_nan() {
    let problem = three_point_problem(1.0);
    let nan = vector(&[0.0, f64::NAN, 0.0]);
    let error = Sinkhorn::new().solve_from(&problem, &nan, &Tensor::zeros([3], F64)).unwrap_err();
    assert_says(&error, &["f[1]", "NaN"]);
}
