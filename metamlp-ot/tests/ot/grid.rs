//! A grid gives the results of the point cloud of its points, without a matrix.

use crate::support::*;
use metamlp_ot::{Geometry, Grid, LinearProblem, Over, PointCloud, Sinkhorn};
use metamlp_tensor::{F32, F64, Tensor};

fn small() -> Grid {
    Grid::new(&[vector(&[0.0, 0.5, 1.0]), vector(&[0.0, 0.3])], 0.1).unwrap()
}

fn cloud_of(grid: &Grid, epsilon: f64) -> PointCloud {
    PointCloud::new(&grid.points(), &grid.points(), epsilon).unwrap()
}

fn weights() -> ([f64; 6], [f64; 6]) {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|w| w / 21.0);
    let mut b = a;
    b.reverse();
    (a, b)
}

/// Smooth positive weights, different for each `seed`.
fn bumps(n: usize, seed: usize) -> Vec<f64> {
    let raw: Vec<f64> = (0..n).map(|i| 1.01 + ((i * (seed + 2)) as f64 * 0.7).sin()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|w| w / sum).collect()
}

#[test]
fn solution_is_that_of_the_points() {
    let (a, b) = weights();
    for lse_mode in [true, false] {
        let solver = Sinkhorn::new().threshold(1e-10).lse_mode(lse_mode);
        let output = solver.solve(&problem(small(), &a, &b)).unwrap();
        let cloud = solver.solve(&problem(cloud_of(&small(), 0.1), &a, &b)).unwrap();
        assert_eq!(output.n_iters(), 80);
        assert_eq!(cloud.n_iters(), 80);
        assert_close(output.reg_ot_cost().unwrap(), 0.3027738584828, TOLERANCE);
        for (found, expected) in [
            (output.reg_ot_cost(), cloud.reg_ot_cost()),
            (output.primal_cost(), cloud.primal_cost()),
            (output.dual_cost(), cloud.dual_cost()),
            (output.ent_reg_cost(), cloud.ent_reg_cost()),
        ] {
            assert_close(found.unwrap(), expected.unwrap(), 2e-14);
        }
        assert_all_close(output.f(), &cloud.f().to_vec::<f64>().unwrap(), 1e-13);
        assert_all_close(output.g(), &cloud.g().to_vec::<f64>().unwrap(), 1e-13);
        let x = vector(&[1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
        for over in [Over::Rows, Over::Columns] {
            assert_all_close(&output.marginal(over), &cloud.marginal(over).to_vec::<f64>().unwrap(), 1e-13);
            assert_all_close(&output.apply(&x, over), &cloud.apply(&x, over).to_vec::<f64>().unwrap(), 1e-13);
        }
        assert!(output.matrix().is_err());
    }
}

#[test]
fn points_have_the_last_axis_fastest() {
    let expected = [0.0, 0.0, 0.0, 0.3, 0.5, 0.0, 0.5, 0.3, 1.0, 0.0, 1.0, 0.3];
    assert_all_close(&small().points().reshape([12]), &expected, 0.0);
    assert_eq!(small().grid_size(), [3, 2]);
}

#[test]
fn operators_on_any_number_of_axes_and_in_batches() {
    // The smallest ε is summed pairwise, the others with matrix products.
    for (size, dtype, tolerance) in [
        (vec![5], F64, 1e-12),
        (vec![3, 4], F64, 1e-12),
        (vec![2, 3, 4], F64, 1e-12),
        (vec![4, 1, 3], F64, 1e-12),
        (vec![3, 4], F32, 1e-4),
    ] {
        for epsilon in [0.3, 0.02, 0.0005] {
            let grid = Grid::from_size(&size, dtype, epsilon).unwrap();
            let cloud = Geometry::from(cloud_of(&grid, epsilon));
            let grid = Geometry::from(grid);
            let n: usize = size.iter().product();
            let x = Tensor::from_vec([2, n], [bumps(n, 1), bumps(n, 2)].concat()).convert(dtype);
            for over in [Over::Rows, Over::Columns] {
                let pairs = [
                    (grid.apply_lse_kernel(&x, epsilon, over), cloud.apply_lse_kernel(&x, epsilon, over)),
                    (grid.apply_kernel(&x, epsilon, over), cloud.apply_kernel(&x, epsilon, over)),
                    (
                        grid.update_potential(&x, &x.log(), epsilon, over),
                        cloud.update_potential(&x, &x.log(), epsilon, over),
                    ),
                    (grid.update_scaling(&x, &x, epsilon, over), cloud.update_scaling(&x, &x, epsilon, over)),
                    (grid.marginal_from_scalings(&x, &x, over), cloud.marginal_from_scalings(&x, &x, over)),
                ];
                for (i, (found, expected)) in pairs.iter().enumerate() {
                    assert_eq!(found.shape(), [2, n]);
                    let scale = expected.abs().max_all().convert(F64).item::<f64>().unwrap().max(1.0);
                    let error = (found - expected).abs().max_all().convert(F64).item::<f64>().unwrap();
                    assert!(
                        error <= tolerance * scale,
                        "operator {i}, {size:?}, {dtype}, {epsilon}: {error:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_large_grid_needs_no_matrix() {
    // Its cost matrix would have 10¹⁰ elements.
    let grid = Grid::from_size([100, 1000], F32, 0.1).unwrap();
    let n = 100_000;
    let (a, b) = (bumps(n, 0), bumps(n, 3));
    let problem = LinearProblem::new(grid, vector(&a), vector(&b)).unwrap();
    let output = Sinkhorn::new().max_iterations(2).inner_iterations(1).solve(&problem).unwrap();
    assert!(output.errors()[1] < output.errors()[0]);
}

#[test]
fn digit_sized_problems_converge_in_single_precision() {
    let grid = Grid::from_size([28, 28], F32, 1e-2).unwrap();
    let (a, b) = (bumps(784, 1), bumps(784, 4));
    let single = LinearProblem::new(grid.clone(), vector(&a), vector(&b)).unwrap();
    let double = Grid::from_size([28, 28], F64, 1e-2).unwrap();
    let double = LinearProblem::new(double, vector(&a), vector(&b)).unwrap();
    let solver = Sinkhorn::new().threshold(1e-4);
    let (single, double) = (solver.solve(&single).unwrap(), solver.solve(&double).unwrap());
    assert!(single.converged());
    assert_close(single.reg_ot_cost().unwrap(), double.reg_ot_cost().unwrap(), 1e-6);
    assert!(single.n_iters().abs_diff(double.n_iters()) <= 10);
}
