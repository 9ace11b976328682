//! Atoms without mass are left out of plan, loss and gradient.

use crate::support::*;
use metamlp_ot::{DefaultInitializer, Grid, LinearProblem, Over, Sinkhorn, SinkhornInitializer};
use metamlp_tensor::{F32, F64, Tensor};

const A: [f64; 3] = [0.6, 0.0, 0.4];
const B: [f64; 3] = [0.2, 0.8, 0.0];

#[test]
fn their_potentials_are_infinite_and_their_mass_is_zero() {
    for lse_mode in [true, false] {
        let solver = Sinkhorn::new().inner_iterations(1).threshold(1e-12).lse_mode(lse_mode);
        let output = solver.solve(&problem(three_points(1.0), &A, &B)).unwrap();
        assert!(output.converged());
        assert_eq!(output.n_iters(), 13);
        assert_all_close(output.f(), &[0.0070983906, f64::NEG_INFINITY, -0.0105787003], TOLERANCE);
        assert_all_close(output.g(), &[-1.6343710311, 0.0854103635, f64::NEG_INFINITY], TOLERANCE);
        assert_close(output.reg_ot_cost().unwrap(), 0.9148957294, TOLERANCE);
        let matrix = output.matrix().unwrap();
        assert_all_close(&matrix.index(1), &[0.0; 3], 0.0);
        assert_all_close(&matrix.t().index(2), &[0.0; 3], 0.0);
        for over in [Over::Rows, Over::Columns] {
            assert!(output.marginal(over).is_finite().all_all().item::<bool>().unwrap());
        }
        for cost in [output.primal_cost(), output.dual_cost(), output.ent_reg_cost()] {
            assert!(cost.unwrap().is_finite());
        }
    }
}

#[test]
fn they_change_nothing_about_the_others() {
    let smaller = three_points(1.0).cost_matrix().unwrap();
    let smaller = Tensor::concatenate(&[smaller.index(0).expand_dims(0), smaller.index(2).expand_dims(0)], 0);
    let smaller = metamlp_ot::CostMatrix::new(&smaller.slice_axis(1, 0, 2), 1.0).unwrap();
    let solver = Sinkhorn::new().threshold(1e-10);
    let without = solver.solve(&problem(smaller, &[0.6, 0.4], &[0.2, 0.8])).unwrap();
    let with = solver.solve(&problem(three_points(1.0), &A, &B)).unwrap();
    assert_close(with.reg_ot_cost().unwrap(), without.reg_ot_cost().unwrap(), 1e-12);
    assert_eq!(with.n_iters(), without.n_iters());
}

#[test]
fn starts_leave_them_out() {
    let problem = problem(three_points(1.0), &A, &B);
    let (f, g) = DefaultInitializer.duals(&problem).unwrap();
    assert_all_close(&f, &[0.0, f64::NEG_INFINITY, 0.0], 0.0);
    assert_all_close(&g, &[0.0, 0.0, f64::NEG_INFINITY], 0.0);
    let (u, v) = DefaultInitializer.scalings(&problem).unwrap();
    assert_all_close(&u, &[1.0, 0.0, 1.0], 0.0);
    assert_all_close(&v, &[1.0, 1.0, 0.0], 0.0);
    // Given potentials, too; OTT 0.5 and later keeps their values.
    let solver = Sinkhorn::new().max_iterations(1);
    let zeros = Tensor::zeros([3], F64);
    let given = solver.solve_from(&problem, &zeros, &zeros).unwrap();
    let own = solver.solve(&problem).unwrap();
    assert_all_close(given.g(), &own.g().to_vec::<f64>().unwrap(), 0.0);
}

#[test]
fn whole_lines_of_a_grid_may_be_empty() {
    for dtype in [F32, F64] {
        let grid = Grid::from_size([3, 4], dtype, 0.05).unwrap();
        let mut a = vec![0.0; 12];
        let mut b = vec![0.0; 12];
        (a[0], a[1], b[10], b[11]) = (0.5, 0.5, 0.25, 0.75);
        let problem = LinearProblem::new(grid, vector(&a), vector(&b)).unwrap();
        let output = Sinkhorn::new().solve(&problem).unwrap();
        assert!(output.converged());
        assert_all_close(&output.marginal(Over::Columns), &a, 1e-6);
        assert!(output.reg_ot_cost().unwrap().is_finite());
        assert!(output.primal_cost().unwrap() > 1.0);
        assert_eq!(output.f().is_finite().sum_all().item::<i32>().unwrap(), 2);
    }
}

#[test]
fn all_mass_on_one_atom() {
    let output =
        Sinkhorn::new().solve(&problem(three_points(1.0), &[0.0, 1.0, 0.0], &[1.0, 0.0, 0.0])).unwrap();
    assert!(output.converged());
    assert_close(output.primal_cost().unwrap(), 1.0, 1e-12);
}
