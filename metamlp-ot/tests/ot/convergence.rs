//! What the solver calls converged, beside a plain loop over numbers in double precision.

use metamlp_ot::{CostMatrix, Epsilon, Error, LinearProblem, Momentum, Over, PointCloud, Sinkhorn};
use metamlp_tensor::random::{Key, uniform_range};
use metamlp_tensor::{F32, F64, Tensor};

use crate::support::{assert_close, three_points, vector};

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
struct Flags {
    momentum: Option<f64>,
    parallel: bool,
    lse_mode: bool,
    inner: usize,
    min: usize,
    max: usize,
    threshold: f64,
    norm: f64,
    /// The multiple of ε at the first iteration, and its factor.
    schedule: Option<(f64, f64)>,
}

/// The result of a run.
#[derive(Debug)]
struct Solution {
    f: Vec<f64>,
    g: Vec<f64>,
    iterations: usize,
    converged: bool,
}

struct Problem {
    cost: Vec<Vec<f64>>,
    a: Vec<f64>,
    b: Vec<f64>,
    epsilon: f64,
}

impl Problem {
    /// A random problem. Costs are a few times ε, so that all runs converge and scalings do not underflow.
    fn random(seed: i32) -> Self {
        let key = Key::new(seed);
        let draw = |number: u32, size: usize| {
            let drawn = uniform_range(key.fold_in(number), [size], F64, 0.1, 1.0);
            drawn.to_vec::<f64>().unwrap()
        };
        let (n, m) = (3 + seed.unsigned_abs() as usize % 3, 2 + seed.unsigned_abs() as usize % 4);
        let normalised = |weights: Vec<f64>| {
            let sum: f64 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / sum).collect()
        };
        let cost = draw(0, n * m).chunks(m).map(<[f64]>::to_vec).collect();
        Self { cost, a: normalised(draw(1, n)), b: normalised(draw(2, m)), epsilon: 0.3 }
    }

    fn problem(&self, schedule: Option<(f64, f64)>) -> LinearProblem {
        let flat: Vec<f64> = self.cost.iter().flatten().copied().collect();
        let cost = Tensor::from_vec([self.a.len(), self.b.len()], flat);
        let epsilon = match schedule {
            None => Epsilon::new(self.epsilon),
            Some((init, decay)) => Epsilon::new(self.epsilon).init(init).decay(decay),
        };
        LinearProblem::new(CostMatrix::new(&cost, epsilon).unwrap(), vector(&self.a), vector(&self.b))
            .unwrap()
    }

    fn plan(&self, f: &[f64], g: &[f64]) -> Vec<Vec<f64>> {
        let entry = |i: usize, j: usize| ((f[i] + g[j] - self.cost[i][j]) / self.epsilon).exp();
        (0..f.len()).map(|i| (0..g.len()).map(|j| entry(i, j)).collect()).collect()
    }

    /// The errors of the rows and of the columns.
    fn errors(&self, f: &[f64], g: &[f64], norm: f64) -> (f64, f64) {
        let plan = self.plan(f, g);
        let distance = |marginal: Vec<f64>, weights: &[f64]| {
            let sum: f64 = marginal.iter().zip(weights).map(|(x, y)| (x - y).abs().powf(norm)).sum();
            sum.powf(1.0 / norm)
        };
        let rows = plan.iter().map(|row| row.iter().sum()).collect();
        let columns = (0..g.len()).map(|j| plan.iter().map(|row| row[j]).sum()).collect();
        (distance(rows, &self.a), distance(columns, &self.b))
    }

    /// Sinkhorn as it is written in the literature.
    fn solve(&self, flags: Flags) -> Solution {
        let (n, m) = (self.a.len(), self.b.len());
        let (mut f, mut g) = (vec![0.0; n], vec![0.0; m]);
        let w = flags.momentum.unwrap_or(1.0);
        let log_sum = |terms: Vec<f64>| {
            let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
        };
        for iteration in 0..flags.max {
            let epsilon = match flags.schedule {
                None => self.epsilon,
                Some((init, decay)) => (init * decay.powi(iteration as i32)).max(1.0) * self.epsilon,
            };
            let column = |f: &[f64], j: usize| {
                let terms = (0..n).map(|i| (f[i] - self.cost[i][j]) / epsilon).collect();
                epsilon * (self.b[j].ln() - log_sum(terms))
            };
            let row = |g: &[f64], i: usize| {
                let terms = (0..m).map(|j| (g[j] - self.cost[i][j]) / epsilon).collect();
                epsilon * (self.a[i].ln() - log_sum(terms))
            };
            let average = |old: f64, new: f64| (1.0 - w) * old + w * new;
            let next: Vec<f64> = (0..m).map(|j| average(g[j], column(&f, j))).collect();
            let other = if flags.parallel { &g } else { &next };
            f = (0..n).map(|i| average(f[i], row(other, i))).collect();
            g = next;
            let done = iteration + 1;
            if (done % flags.inner == 0 && done >= flags.min) || done == flags.max {
                let (rows, columns) = self.errors(&f, &g, flags.norm);
                let is_converged = match (flags.parallel, flags.momentum) {
                    (true, _) => rows + columns < flags.threshold,
                    (false, Some(_)) => rows.max(columns) < flags.threshold,
                    (false, None) => columns < flags.threshold,
                };
                if is_converged || done == flags.max {
                    return Solution { f, g, iterations: done, converged: is_converged };
                }
            }
        }
        unreachable!("the last iteration returns")
    }
}

/// A solver with these flags that shares the compiled programs of `solver`.
fn with_flags(solver: &Sinkhorn, flags: Flags) -> Sinkhorn {
    let solver = solver
        .clone()
        .lse_mode(flags.lse_mode)
        .parallel_dual_updates(flags.parallel)
        .inner_iterations(flags.inner)
        .min_iterations(flags.min)
        .max_iterations(flags.max)
        .threshold(flags.threshold)
        .norm_error(flags.norm);
    solver.momentum(flags.momentum.map(Momentum::new))
}

/// All combinations of the flags that make sense together.
fn all_flags() -> Vec<Flags> {
    let mut all = Vec::new();
    for (momentum, parallel) in
        [(None, false), (Some(0.7), false), (Some(1.3), false), (Some(1.6), false), (Some(0.5), true)]
    {
        for lse_mode in [true, false] {
            for (inner, min, max) in [(1, 0, 400), (3, 0, 400), (10, 25, 400), (4, 12, 14), (1, 0, 2)] {
                for (threshold, norm) in [(1e-2, 1.0), (1e-6, 1.0), (1e-4, 2.0)] {
                    for schedule in [None, Some((4.0, 0.8))] {
                        // A schedule is of the log domain.
                        if lse_mode || schedule.is_none() {
                            all.push(Flags {
                                momentum,
                                parallel,
                                lse_mode,
                                inner,
                                min,
                                max,
                                threshold,
                                norm,
                                schedule,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn every_flag_gives_the_numbers_of_a_plain_loop() {
    let solver = Sinkhorn::new();
    for seed in 0..6 {
        let plain = Problem::random(seed);
        for flags in all_flags() {
            let expected = plain.solve(flags);
            let found = with_flags(&solver, flags).solve(&plain.problem(flags.schedule)).unwrap();
            assert_eq!(
                (found.n_iters(), found.converged()),
                (expected.iterations, expected.converged),
                "{seed} {flags:?}: {:?}",
                found.errors()
            );
            for (found, expected) in [(found.f(), &expected.f), (found.g(), &expected.g)] {
                let found = found.to_vec::<f64>().unwrap();
                let worst = found.iter().zip(expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-9, "{seed} {flags:?}: {found:?}, expected {expected:?}");
            }
        }
    }
}

#[test]
fn converged_means_both_marginals() {
    for seed in 0..40 {
        let plain = Problem::random(seed);
        for weight in [1.7, 1.8, 1.9, 1.95] {
            for lse_mode in [true, false] {
                let solver =
                    Sinkhorn::new().momentum(Momentum::new(weight)).lse_mode(lse_mode).inner_iterations(1);
                let output = solver.solve(&plain.problem(None)).unwrap();
                if output.converged() {
                    let (f, g) = (output.f().to_vec::<f64>().unwrap(), output.g().to_vec::<f64>().unwrap());
                    let (rows, columns) = plain.errors(&f, &g, 1.0);
                    assert!(rows < 1e-3 && columns < 1e-3, "{seed} {weight}: {rows:e} {columns:e}");
                }
            }
        }
    }
}

#[test]
fn a_level_that_the_dtype_cannot_hold_is_taken_out() {
    let grid = metamlp_ot::Grid::from_size([6], F32, 0.01).unwrap();
    let a = Tensor::from_vec([6], vec![0.3f32, 0.1, 0.1, 0.2, 0.2, 0.1]);
    let problem = LinearProblem::new(grid, a, None).unwrap();
    let zero = Tensor::zeros([6], F32);
    let shape = Tensor::from_vec([6], vec![0.0f32, 1.0, 2.0, -1.0, 0.5, 3.0]);
    let expected = Sinkhorn::new().solve(&problem).unwrap().reg_ot_cost().unwrap();
    for f in [&zero + 1e4, &zero - 1e6, &zero + 1e12, &shape * 1e3 + 1e4, &shape * 1e8, &shape * -1e10] {
        let output = Sinkhorn::new().solve_from(&problem, &f, &zero).unwrap();
        assert!(output.converged(), "{f:?}: {:?}", output.errors());
        assert_close(output.reg_ot_cost().unwrap(), expected, 1e-4);
    }
    // A level that does no harm stays.
    let output = Sinkhorn::new().solve_from(&problem, &(&zero + 0.5), &zero).unwrap();
    let plain = Sinkhorn::new().solve(&problem).unwrap();
    assert_close((output.f() - plain.f()).mean_all().item::<f32>().unwrap().into(), 0.5, 1e-5);
}

#[test]
fn sums_that_no_plan_has_are_refused_or_divided() {
    let geometry = three_points(0.5);
    let (a, b) = (vector(&[0.3335, 0.3335, 0.3339]), vector(&[0.333, 0.333, 0.3331]));
    let error = LinearProblem::new(&geometry, a.clone(), b.clone()).unwrap_err();
    assert!(matches!(error, Error::UnequalSums { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("1.0009") && message.contains("0.9991"), "{message}");
    let problem = LinearProblem::normalized(&geometry, a.clone(), b).unwrap();
    assert!(Sinkhorn::new().threshold(1e-12).solve(&problem).unwrap().converged());
    let batch = Tensor::stack(&[vector(&[0.2, 0.3, 0.5]), a], 0);
    let error = LinearProblem::new(&geometry, batch.clone(), None).unwrap_err();
    assert!(error.to_string().contains("a[1]"), "{error}");
    assert!(LinearProblem::normalized(&geometry, batch * 7.0, None).is_ok());
    // Rounding is no difference.
    let thirds = Tensor::full([3], 1.0 / 3.0, F32);
    assert!(LinearProblem::new(&geometry, thirds, vector(&[0.2, 0.3, 0.5])).is_ok());
    for counts in [vec![0.0, 0.0, 0.0], vec![1.0, -1.0, 3.0], vec![f64::INFINITY, 1.0, 1.0]] {
        assert!(LinearProblem::normalized(&geometry, vector(&counts), None).is_err(), "{counts:?}");
    }
}

#[test]
fn distances_that_the_dtype_does_not_hold_are_refused() {
    let points = |values: [f32; 2]| Tensor::from_vec([2, 1], values.to_vec());
    let (x, y) = (points([0.0, 1e20]), points([2e19, 9e19]));
    for epsilon in [Epsilon::default(), Epsilon::new(1.0)] {
        let error = PointCloud::new(&x, &y, epsilon).unwrap_err().to_string();
        assert!(error.contains("squared distance[0, 0] is inf"), "{error}");
        assert!(PointCloud::new(&x.convert(F64), &y.convert(F64), epsilon).is_ok());
    }
    let axis = Tensor::from_vec([2], vec![0.0f32, 1e20]);
    assert!(metamlp_ot::Grid::new(&[axis], 1.0).is_err());
}

#[test]
fn rows_of_a_solution_sum_to_a() {
    let output = Sinkhorn::new().momentum(Momentum::new(1.9)).inner_iterations(1);
    let problem = Problem::random(176).problem(None);
    let output = output.solve(&problem).unwrap();
    let rows = (output.marginal(Over::Columns) - problem.a()).abs().sum_all().item::<f64>().unwrap();
    assert!(output.converged() && rows < 1e-3, "{rows:e}");
}
