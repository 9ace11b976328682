//! The Gaussian initializer.

use crate::support::*;
use metamlp_ot::{GaussianInitializer, Grid, LinearProblem, PointCloud, Sinkhorn, SinkhornInitializer};
use metamlp_tensor::{F32, F64, Tensor};

const A: [f64; 4] = [0.1, 0.2, 0.3, 0.4];
const B: [f64; 3] = [0.3, 0.3, 0.4];

fn cloud() -> PointCloud {
    let x = Tensor::from_vec([4, 2], vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 2.0]);
    let y = Tensor::from_vec([3, 2], vec![2.0, 1.0, 3.0, 1.0, 2.0, 3.0]);
    PointCloud::new(&x, &y, 0.5).unwrap()
}

#[test]
fn potential() {
    let f = GaussianInitializer.potential(&problem(cloud(), &A, &B)).unwrap();
    assert_all_close(&f, &[3.0478870120, -1.2493222953, 1.4946888650, -3.2932535817], TOLERANCE);
}

#[test]
fn saves_iterations() {
    let problem = problem(cloud(), &A, &B);
    let solver = Sinkhorn::new().inner_iterations(1);
    let zeros = solver.solve(&problem).unwrap();
    let gaussian = solver.solve_with(&problem, &GaussianInitializer).unwrap();
    assert_eq!((zeros.n_iters(), gaussian.n_iters()), (31, 27));
    assert_close(gaussian.reg_ot_cost().unwrap(), 4.40344384, 1e-8);
    assert_close(zeros.reg_ot_cost().unwrap(), 4.40344393, 1e-8);
}

#[test]
fn on_a_grid_as_on_its_points() {
    let grid = Grid::new(&[vector(&[0.0, 0.5, 1.0]), vector(&[0.0, 0.3])], 0.1).unwrap();
    let points = grid.points();
    let cloud = PointCloud::new(&points, &points, 0.1).unwrap();
    let a: Vec<f64> = (1..=6).map(|i| f64::from(i) / 21.0).collect();
    let b: Vec<f64> = a.iter().rev().copied().collect();
    let expected = GaussianInitializer.potential(&problem(cloud, &a, &b)).unwrap();
    let found = GaussianInitializer.potential(&problem(grid, &a, &b)).unwrap();
    assert_all_close(&found, &expected.to_vec::<f64>().unwrap(), 1e-14);
}

#[test]
fn a_batch_is_its_problems() {
    let a = Tensor::from_vec([2, 4], [A, [0.4, 0.0, 0.3, 0.3]].concat());
    let b = Tensor::from_vec([2, 3], [B, [0.5, 0.25, 0.25]].concat());
    let batch = LinearProblem::new(cloud(), a.clone(), b.clone()).unwrap();
    let found = GaussianInitializer.potential(&batch).unwrap();
    assert_eq!(found.shape(), [2, 4]);
    for i in 0..2 {
        let single = LinearProblem::new(cloud(), a.index(i), b.index(i)).unwrap();
        let expected = GaussianInitializer.potential(&single).unwrap();
        assert_all_close(&found.index(i), &expected.to_vec::<f64>().unwrap(), 1e-13);
    }
}

#[test]
fn singular_covariances_give_finite_potentials() {
    let one_atom = [0.0, 1.0, 0.0, 0.0];
    let one_line = [0.5, 0.0, 0.5, 0.0];
    for dtype in [F32, F64] {
        for a in [one_atom, one_line, A] {
            for b in [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0], B] {
                let cloud = cloud();
                let cloud =
                    PointCloud::new(&cloud.x().convert(dtype), &cloud.y().convert(dtype), 0.5).unwrap();
                let problem = problem(cloud, &a, &b);
                let f = GaussianInitializer.potential(&problem).unwrap();
                assert!(f.is_finite().all_all().item::<bool>().unwrap(), "{a:?} {b:?}");
                let output = Sinkhorn::new().solve_with(&problem, &GaussianInitializer).unwrap();
                assert!(output.converged(), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn a_cost_matrix_has_no_points() {
    let error = GaussianInitializer.potential(&three_point_problem(1.0)).unwrap_err();
    assert!(error.to_string().contains("CostMatrix"), "{error}");
}
