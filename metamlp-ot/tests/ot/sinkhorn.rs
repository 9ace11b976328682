//! Sinkhorn against OTT-JAX's numbers, in double precision.

use crate::support::*;
use metamlp_ot::{
    CostMatrix, DefaultInitializer, Epsilon, Geometry, LinearProblem, Momentum, Over, Sinkhorn,
};
use metamlp_tensor::{F64, Tensor, statistics};

fn every_iteration() -> Sinkhorn {
    Sinkhorn::new().inner_iterations(1)
}

/// A solver that runs a fixed number of iterations.
fn fixed(iterations: usize) -> Sinkhorn {
    every_iteration().threshold(-1.0).max_iterations(iterations)
}

#[test]
fn one_iteration() {
    let output = fixed(1).solve(&three_point_problem(1.0)).unwrap();
    assert_all_close(output.g(), &[-1.9360005537, -1.7554175183, -1.0197098218], TOLERANCE);
    assert_all_close(output.f(), &[0.8464440694, -0.1784435347, -0.7582901365], TOLERANCE);
    assert_errors(output.errors(), &[0.4092287828], TOLERANCE);
    assert_close(output.reg_ot_cost().unwrap(), 0.8536566980, TOLERANCE);
    assert_eq!(output.n_iters(), 1);
}

#[test]
fn error_trace() {
    let expected = [
        0.4092287828,
        0.2331792531,
        0.1194339180,
        0.0578144960,
        0.0271304080,
        0.0125299176,
        0.0057423177,
        0.0026221339,
    ];
    for lse_mode in [true, false] {
        let output = fixed(8).lse_mode(lse_mode).solve(&three_point_problem(1.0)).unwrap();
        assert_errors(output.errors(), &expected, TOLERANCE);
    }
}

#[test]
fn converged() {
    let solver = every_iteration().threshold(1e-12).max_iterations(5000);
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    assert!(output.converged());
    assert_eq!(output.n_iters(), 36);
    assert_close(output.reg_ot_cost().unwrap(), 1.0866239622249, TOLERANCE);
    assert_close(output.primal_cost().unwrap(), 0.8143881227639, TOLERANCE);
    assert_close(output.dual_cost().unwrap(), -0.9726820659042, TOLERANCE);
    assert_close(output.ent_reg_cost().unwrap(), -0.9726820659042, TOLERANCE);
    assert_close(output.transport_mass(), 1.0, TOLERANCE);
    assert_all_close(output.f(), &[1.5787694012, -0.5280993316, -1.6634485492], TOLERANCE);
    let first_row = output.matrix().unwrap().index(0);
    assert_all_close(&first_row, &[0.19130398024, 0.21903091848, 0.08966510128], TOLERANCE);
    assert_all_close(&output.marginal(Over::Columns), &[0.5, 0.3, 0.2], TOLERANCE);
    assert_all_close(&output.marginal(Over::Rows), &[0.2, 0.3, 0.5], TOLERANCE);
}

#[test]
fn a_plan_is_applied_without_forming_it() {
    let output = every_iteration().solve(&three_point_problem(1.0)).unwrap();
    let x = vector(&[1.5, -2.0, 0.25]);
    let matrix = output.matrix().unwrap();
    let [forward, backward] = [matrix.matmul(&x), x.matmul(&matrix)].map(|y| y.to_vec::<f64>().unwrap());
    assert_all_close(&output.apply(&x, Over::Columns), &forward, 1e-14);
    assert_all_close(&output.apply(&x, Over::Rows), &backward, 1e-14);
}

#[test]
fn defaults() {
    for lse_mode in [true, false] {
        let output = Sinkhorn::new().lse_mode(lse_mode).solve(&three_point_problem(1.0)).unwrap();
        assert!(output.converged());
        assert_eq!(output.n_iters(), 10);
        assert_eq!(output.errors().len(), 200);
        assert_errors(output.errors(), &[5.4451267987e-4, -1.0, -1.0], TOLERANCE);
        assert_eq!(output.errors()[1..], [-1.0; 199]);
    }
}

#[test]
fn recentered_potentials() {
    let solver = Sinkhorn::new().threshold(1e-12).recenter_potentials(true);
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 40);
    assert_all_close(output.f(), &[1.7830288944, -0.3238398384, -1.4591890560], TOLERANCE);
    assert_close(output.reg_ot_cost().unwrap(), 1.0866239622249, TOLERANCE);
    assert!(output.converged());
}

#[test]
fn constant_momentum() {
    let output = fixed(5).momentum(Momentum::new(1.3)).solve(&three_point_problem(1.0)).unwrap();
    let expected = [0.6182462263, 0.1200976496, 0.0287951330, 0.0140247161, 0.0004066438];
    assert_errors(output.errors(), &expected, TOLERANCE);
    assert_all_close(output.f(), &[2.2583488001, 0.1568171523, -0.9777432539], TOLERANCE);
}

#[test]
fn momentum_of_scalings_is_that_of_potentials() {
    let solver = fixed(5).momentum(Momentum::new(1.3));
    let potentials = solver.solve(&three_point_problem(1.0)).unwrap();
    let scalings = solver.lse_mode(false).solve(&three_point_problem(1.0)).unwrap();
    assert_all_close(scalings.f(), &potentials.f().to_vec::<f64>().unwrap(), TOLERANCE);
}

#[test]
fn adaptive_momentum() {
    let solver = Sinkhorn::new().threshold(1e-10);
    let plain = solver.solve(&three_point_problem(1.0)).unwrap();
    assert_close(plain.errors()[2], 7.96e-11, 1e-12);
    let adaptive = solver.momentum(Momentum::adaptive(20)).solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(adaptive.n_iters(), 30);
    assert!(adaptive.errors()[2] < 1e-12);
}

#[test]
fn parallel_updates() {
    let solver = fixed(5).parallel_dual_updates(true).momentum(Momentum::new(0.5));
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    let expected = [0.5701146469, 0.4911100774, 0.4306954571, 0.3787047177, 0.3320086755];
    assert_errors(output.errors(), &expected, TOLERANCE);
    assert_all_close(output.f(), &[0.1395952839, -0.9979112621, -1.6214125770], TOLERANCE);
}

#[test]
fn a_negative_threshold_runs_to_the_end() {
    // OTT runs 30 iterations here; its last error is 7.96e-11.
    let solver = Sinkhorn::new().threshold(-1.0).max_iterations(25);
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 25);
    assert_eq!(output.errors().len(), 3);
    assert_errors(&output.errors()[..2], &[5.445e-4, 2.082e-7], 1e-7);
    assert!((7.96e-11..2.082e-7).contains(&output.errors()[2]));
    assert!(!output.converged());
}

#[test]
fn thirty_iterations_leave_the_error_that_ott_reports() {
    let solver = Sinkhorn::new().threshold(-1.0).max_iterations(30);
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    assert_close(output.errors()[2], 7.96e-11, 1e-12);
}

#[test]
fn as_many_iterations_as_are_asked_for_and_their_error() {
    // OTT runs 20, computes no error and reports convergence.
    let solver = Sinkhorn::new().min_iterations(25).max_iterations(25);
    let output = solver.solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 25);
    assert_eq!(output.errors()[..2], [f64::INFINITY; 2]);
    assert!((7.96e-11..2.082e-7).contains(&output.errors()[2]));
    assert!(output.converged());
    let same = fixed(25).solve(&three_point_problem(1.0)).unwrap();
    assert_close(output.errors()[2], same.errors()[24], 1e-16);

    let strict = Sinkhorn::new().threshold(1e-12).min_iterations(25).max_iterations(25);
    assert!(!strict.solve(&three_point_problem(1.0)).unwrap().converged());
}

#[test]
fn early_errors_are_skipped() {
    let output = Sinkhorn::new().min_iterations(15).solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 20);
    assert_errors(output.errors(), &[f64::INFINITY, 2.082e-7, -1.0], 1e-10);
    assert!(output.converged());
    // OTT computes no error at iteration 10, only at 20, and stops unconverged.
    let output = Sinkhorn::new().min_iterations(10).solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 10);
    assert!(output.converged());
}

#[test]
fn no_iterations_at_all() {
    let output = Sinkhorn::new().max_iterations(0).solve(&three_point_problem(1.0)).unwrap();
    assert_eq!(output.n_iters(), 0);
    assert!(output.errors().is_empty());
    assert!(!output.converged());
    assert_all_close(output.f(), &[0.0; 3], 0.0);
}

#[test]
fn other_norms_of_the_error() {
    let one = fixed(3).solve(&three_point_problem(1.0)).unwrap();
    let residual = one.marginal(Over::Rows) - vector(&[0.2, 0.3, 0.5]);
    let expected = residual.square().sum_all().sqrt().item::<f64>().unwrap();
    let two = fixed(3).norm_error(2.0).solve(&three_point_problem(1.0)).unwrap();
    assert_close(two.errors()[2], expected, 1e-15);
}

#[test]
fn steps_are_the_iterations_of_solve() {
    let problem = three_point_problem(1.0);
    let solver = every_iteration().threshold(1e-6);
    let output = solver.solve(&problem).unwrap();
    let mut steps = solver.steps(&problem, &DefaultInitializer).unwrap();
    let mut errors = Vec::new();
    for (k, step) in steps.by_ref().enumerate() {
        let step = step.unwrap();
        assert_eq!(step.iteration, k + 1);
        errors.push(step.error);
    }
    assert_eq!(errors.len(), output.n_iters());
    assert_eq!(errors, output.errors()[..errors.len()]);
    let last = steps.output().unwrap();
    assert_eq!(last.f().to_vec::<f64>().unwrap(), output.f().to_vec::<f64>().unwrap());
    assert!(steps.next().is_none());
}

#[test]
fn given_potentials_are_the_start() {
    let problem = three_point_problem(1.0);
    let two = fixed(2).solve(&problem).unwrap();
    let one = fixed(1).solve(&problem).unwrap();
    let continued = fixed(1).solve_from(&problem, one.f(), one.g()).unwrap();
    assert_all_close(continued.f(), &two.f().to_vec::<f64>().unwrap(), 1e-14);
}

#[test]
fn a_batch_is_its_problems() {
    let a = Tensor::from_vec([3, 3], vec![0.5, 0.3, 0.2, 0.6, 0.0, 0.4, 0.1, 0.1, 0.8]);
    let b = Tensor::from_vec([3, 3], vec![0.2, 0.3, 0.5, 0.2, 0.8, 0.0, 0.1, 0.1, 0.8]);
    let batch = LinearProblem::new(three_points(1.0), a.clone(), b.clone()).unwrap();
    for (lse_mode, inner) in [(true, 1), (true, 10), (false, 1)] {
        let solver = Sinkhorn::new().threshold(1e-9).inner_iterations(inner).lse_mode(lse_mode);
        let outputs = solver.solve_batch(&batch, &DefaultInitializer).unwrap();
        let mut counts = Vec::new();
        for (i, output) in outputs.iter().enumerate() {
            let single = LinearProblem::new(three_points(1.0), a.index(i), b.index(i)).unwrap();
            let expected = solver.solve(&single).unwrap();
            assert_eq!(output.n_iters(), expected.n_iters());
            assert!(output.converged());
            assert_errors(output.errors(), expected.errors(), 1e-14);
            assert_all_close(output.f(), &expected.f().to_vec::<f64>().unwrap(), 1e-13);
            assert_all_close(output.g(), &expected.g().to_vec::<f64>().unwrap(), 1e-13);
            assert_close(output.reg_ot_cost().unwrap(), expected.reg_ot_cost().unwrap(), 1e-13);
            counts.push(output.n_iters());
        }
        counts.dedup();
        assert!(inner > 1 || counts.len() == 3, "the problems should take different times: {counts:?}");
    }
    assert!(Sinkhorn::new().solve(&batch).is_err());
}

#[test]
fn long_blocks_are_the_same_iterations() {
    let problem = three_point_problem(Epsilon::new(0.05).init(20.0).decay(0.9));
    let solver = Sinkhorn::new().threshold(-1.0).max_iterations(50).momentum(Momentum::new(1.1));
    let [one, fifty] = [1, 50].map(|inner| solver.clone().inner_iterations(inner).solve(&problem).unwrap());
    assert_eq!(fifty.n_iters(), 50);
    assert_eq!(fifty.errors().len(), 1);
    assert_close(fifty.errors()[0], one.errors()[49], 1e-14);
    assert_all_close(fifty.f(), &one.f().to_vec::<f64>().unwrap(), 1e-13);

    let solver = Sinkhorn::new().threshold(-1.0);
    let endless = solver.inner_iterations(usize::MAX).max_iterations(20_000);
    assert_eq!(endless.solve(&three_point_problem(1.0)).unwrap().n_iters(), 20_000);
}

#[test]
fn more_problems_of_a_shape_compile_nothing() {
    let solver = Sinkhorn::new().threshold(1e-6);
    solver.solve(&three_point_problem(1.0)).unwrap();
    let compiled = statistics::compiled_plans();
    for epsilon in [0.7, 1.0, 1.3] {
        let a = [0.25, 0.25, 0.5];
        let output = solver.solve(&problem(three_points(epsilon), &a, &[0.4, 0.4, 0.2])).unwrap();
        assert!(output.converged());
    }
    assert_eq!(statistics::compiled_plans(), compiled);
}

#[test]
fn a_forbidden_pair_gets_no_mass() {
    let cost = Tensor::from_vec([2, 2], vec![0.0, f64::INFINITY, 1.0, 0.0]);
    let geometry = Geometry::from(CostMatrix::new(&cost, 0.5).unwrap());
    let problem = problem(geometry, &[0.4, 0.6], &[0.7, 0.3]);
    let output = every_iteration().threshold(1e-9).solve(&problem).unwrap();
    assert!(output.converged());
    assert_all_close(&output.matrix().unwrap().reshape([4]), &[0.4, 0.0, 0.3, 0.3], 1e-8);
    assert_close(output.primal_cost().unwrap(), 0.3, 1e-8);
}

#[test]
fn small_epsilon_in_single_precision() {
    // Scalings would underflow.
    let cost = three_points(1.0).cost_matrix().unwrap().convert(metamlp_tensor::F32);
    let geometry = CostMatrix::new(&cost, 1e-3).unwrap();
    let problem = problem(geometry, &[0.5, 0.3, 0.2], &[0.2, 0.3, 0.5]);
    let output = Sinkhorn::new().max_iterations(20_000).solve(&problem).unwrap();
    assert!(output.converged());
    let matrix = output.matrix().unwrap().convert(F64).reshape([9]);
    assert_all_close(&matrix, &[0.2, 0.3, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.2], 2e-3);
}
