//! Random calls of geometries, problems, solvers and learned initializers: none panics.

use std::path::Path;

use metamlp_core::prelude::*;
use metamlp_ot::{
    CostMatrix, DefaultInitializer, DualObjective, Epsilon, GaussianInitializer, Geometry, Grid,
    LinearProblem, MetaInitializer, MetaMLP, Momentum, Over, PointCloud, PotentialModel, Result, Sinkhorn,
    SinkhornInitializer, SinkhornOutput, Statistic, ZeroWeights,
};

use crate::choices::Choices;
use crate::hunt_for_panics::{Call, not_hunted, panicked, tensors};

/// The calls that each run makes.
const CALLS: u64 = 1000;

/// A tensor of finite floats, as points and costs are.
fn floats(c: &mut Choices, shape: &[usize]) -> Tensor {
    let dtype = c.of(&[F32, F64]);
    let values =
        (0..shape.iter().product()).map(|_| c.of(&[0.0, 0.5, 1.0, 1.0, 2.0, 3.5])).collect::<Vec<f64>>();
    Tensor::from_vec(shape, values).convert(dtype)
}

fn maybe_floats(c: &mut Choices, shape: &[usize]) -> Tensor {
    if c.below(4) == 0 { c.tensor() } else { floats(c, shape) }
}

fn epsilon(c: &mut Choices) -> Epsilon {
    let number = |c: &mut Choices| if c.below(4) == 0 { c.float() } else { 0.5 };
    let mut epsilon = Epsilon::new(number(c)).init(number(c)).decay(number(c));
    if c.flag() {
        epsilon = epsilon.relative_to(c.of(&[Statistic::Mean, Statistic::Std]));
    }
    epsilon
}

fn over(c: &mut Choices) -> Over {
    c.of(&[Over::Rows, Over::Columns])
}

fn cost_matrix(c: &mut Choices) -> Result<CostMatrix> {
    let shape = [c.small(), c.small()];
    CostMatrix::new(&maybe_floats(c, &shape), epsilon(c))
}

fn point_cloud(c: &mut Choices) -> Result<PointCloud> {
    let (n, m, d) = (c.small(), c.small(), c.small());
    PointCloud::new(&maybe_floats(c, &[n, d]), &maybe_floats(c, &[m, d]), epsilon(c))
}

fn grid(c: &mut Choices) -> Result<Grid> {
    if c.flag() {
        let size: Vec<usize> =
            (0..c.below(3)).map(|_| if c.below(8) == 0 { c.count() } else { c.small() }).collect();
        // An axis of the largest size that is accepted has a large matrix.
        let size: Vec<usize> = size.into_iter().filter(|points| !(100..=1 << 16).contains(points)).collect();
        return Grid::from_size(size, c.dtype(), epsilon(c));
    }
    let axes: Vec<Tensor> = (0..c.below(3))
        .map(|_| {
            let points = c.small();
            maybe_floats(c, &[points])
        })
        .collect();
    Grid::new(&axes, epsilon(c))
}

/// A geometry of any kind; a small one if the arguments are refused.
fn geometry(c: &mut Choices) -> Geometry {
    let made = match c.below(3) {
        0 => cost_matrix(c).map(Geometry::from),
        1 => point_cloud(c).map(Geometry::from),
        _ => grid(c).map(Geometry::from),
    };
    made.unwrap_or_else(|_| Grid::from_size([2, 3], F32, 0.5).unwrap().into())
}

/// A tensor with one number per atom, or another one.
fn of_atoms(c: &mut Choices, atoms: usize) -> Tensor {
    match c.below(6) {
        0 => c.tensor(),
        1 => floats(c, &[2, atoms]),
        2 => Tensor::full([atoms], c.float(), F64),
        _ => floats(c, &[atoms]),
    }
}

fn weights(c: &mut Choices, atoms: usize) -> Option<Tensor> {
    match c.below(6) {
        0 => Some(of_atoms(c, atoms)),
        1 => Some(Tensor::full([2, atoms], 1.0 / atoms as f64, F32)),
        2 => Some(Tensor::iota([atoms], 0, I32).equal(0).convert(F64)),
        3 => Some(Tensor::full([atoms], 1.0 / atoms as f64, F64)),
        _ => None,
    }
}

fn problem(c: &mut Choices) -> LinearProblem {
    let geometry = geometry(c);
    let (n, m) = geometry.shape();
    let problem = LinearProblem::new(&geometry, weights(c, n), weights(c, m));
    problem.unwrap_or_else(|_| LinearProblem::new(&geometry, None, None).unwrap())
}

fn solver(c: &mut Choices) -> Sinkhorn {
    let odd = c.below(4) == 0;
    let count = |c: &mut Choices| if odd { c.count() } else { c.small() };
    let number = |c: &mut Choices| if odd { c.float() } else { 1.0 };
    let momentum = match c.below(3) {
        0 => None,
        1 => Some(Momentum::new(number(c))),
        _ => Some(Momentum::adaptive(count(c)).error_threshold(number(c))),
    };
    // A long block of iterations would be run, where so many blocks are refused.
    let inner = count(c);
    let most = if inner > 100 { c.small() } else { count(c) };
    Sinkhorn::new()
        .threshold(number(c))
        .norm_error(number(c))
        .inner_iterations(inner)
        .min_iterations(count(c))
        .max_iterations(most)
        .momentum(momentum)
        .lse_mode(c.flag())
        .parallel_dual_updates(c.flag())
        .recenter_potentials(c.flag())
}

fn output(c: &mut Choices) -> SinkhornOutput {
    let problem = problem(c);
    let geometry = problem.geometry();
    let solver = Sinkhorn::new().max_iterations(c.below(20));
    solver
        .solve(&problem)
        .unwrap_or_else(|_| solver.solve(&LinearProblem::new(geometry, None, None).unwrap()).unwrap())
}

/// A number as a result.
fn number(result: Result<f64>) -> Vec<Tensor> {
    tensors(result.map(Tensor::scalar))
}

fn outputs(result: Result<SinkhornOutput>) -> Vec<Tensor> {
    tensors(result.map(|output| {
        let _ = (output.converged(), output.n_iters(), output.errors());
        (output.f().clone(), output.g().clone())
    }))
}

const GEOMETRIES: &[(&str, Call)] = &[
    ("CostMatrix::new", |c| tensors(cost_matrix(c).map(|geometry| geometry.cost().clone()))),
    ("PointCloud::new", |c| tensors(point_cloud(c).map(|geometry| geometry.cost().clone()))),
    ("Grid::new", |c| tensors(grid(c).map(|geometry| geometry.points()))),
    ("Grid::from_size", |c| {
        tensors(Grid::from_size([c.small(), c.small()], c.dtype(), epsilon(c)).map(|g| g.points()))
    }),
    ("Geometry::apply_kernel", |c| {
        let geometry = geometry(c);
        vec![geometry.apply_kernel(&of_atoms(c, geometry.shape().0), c.float(), over(c))]
    }),
    ("Geometry::apply_lse_kernel", |c| {
        let geometry = geometry(c);
        vec![geometry.apply_lse_kernel(&of_atoms(c, geometry.shape().0), c.float(), over(c))]
    }),
    ("Geometry::apply_transport_from_potentials", |c| {
        let (geometry, over) = (geometry(c), over(c));
        let (n, m) = geometry.shape();
        vec![geometry.apply_transport_from_potentials(
            &of_atoms(c, n),
            &of_atoms(c, m),
            &of_atoms(c, n),
            over,
        )]
    }),
    ("Geometry::cost_matrix", |c| tensors(geometry(c).cost_matrix())),
    ("Geometry::kernel_matrix", |c| tensors(geometry(c).kernel_matrix())),
    ("Geometry::epsilon_at", |c| vec![Tensor::scalar(geometry(c).epsilon_at(c.count()))]),
    ("Geometry::points", |c| geometry(c).points().map(|(x, y)| vec![x, y]).unwrap_or_default()),
    ("Geometry::marginal_from_potentials", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        vec![geometry.marginal_from_potentials(&of_atoms(c, n), &of_atoms(c, m), over(c))]
    }),
    ("Geometry::marginal_from_scalings", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        vec![geometry.marginal_from_scalings(&of_atoms(c, n), &of_atoms(c, m), over(c))]
    }),
    ("Geometry::potential_from_scaling", |c| vec![geometry(c).potential_from_scaling(&c.tensor())]),
    ("Geometry::scaling_from_potential", |c| vec![geometry(c).scaling_from_potential(&c.tensor())]),
    ("Geometry::transport_from_potentials", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        tensors(geometry.transport_from_potentials(&of_atoms(c, n), &of_atoms(c, m)))
    }),
    ("Geometry::transport_from_scalings", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        tensors(geometry.transport_from_scalings(&of_atoms(c, n), &of_atoms(c, m)))
    }),
    ("Geometry::update_potential", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        vec![geometry.update_potential(&of_atoms(c, n), &of_atoms(c, m), c.float(), over(c))]
    }),
    ("Geometry::update_scaling", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        vec![geometry.update_scaling(&of_atoms(c, n), &of_atoms(c, m), c.float(), over(c))]
    }),
];

fn objective(c: &mut Choices, geometry: &Geometry) -> DualObjective {
    DualObjective::new(geometry).zero_weights(c.of(&[ZeroWeights::Masked, ZeroWeights::AsOtt]))
}

/// A small learned initializer, mostly with a network that fits.
fn learned(c: &mut Choices) -> (MetaInitializer, Tensor, Tensor) {
    let geometry = geometry(c);
    let (n, m) = geometry.shape();
    let outputs = if c.below(8) == 0 { c.small() } else { n };
    let network = |size| MetaMLP::new(size).num_hidden_units(2).num_hidden_layers(1);
    let made = MetaInitializer::builder(&geometry)
        .model(network(outputs))
        .zero_weights(ZeroWeights::AsOtt)
        .build(c.key());
    let made = made.unwrap_or_else(|_| {
        MetaInitializer::builder(&geometry).model(network(n)).build(Key::new(0)).unwrap()
    });
    let fitting = |c: &mut Choices, atoms| weights(c, atoms).unwrap_or_else(|| of_atoms(c, atoms));
    (made, fitting(c, n), fitting(c, m))
}

const SOLUTIONS: &[(&str, Call)] = &[
    ("LinearProblem::new", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        let made = LinearProblem::new(&geometry, weights(c, n), weights(c, m));
        tensors(made.map(|problem| (problem.a().clone(), problem.b().clone())))
    }),
    ("LinearProblem::normalized", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        let made = LinearProblem::normalized(&geometry, of_atoms(c, n), weights(c, m));
        tensors(made.map(|problem| (problem.a().clone(), problem.b().clone())))
    }),
    ("Sinkhorn::solve", |c| outputs(solver(c).solve(&problem(c)))),
    ("Sinkhorn::solve_with", |c| outputs(solver(c).solve_with(&problem(c), &GaussianInitializer))),
    ("Sinkhorn::solve_from", |c| {
        let problem = problem(c);
        let (n, m) = problem.geometry().shape();
        outputs(solver(c).solve_from(&problem, &of_atoms(c, n), &of_atoms(c, m)))
    }),
    ("Sinkhorn::solve_batch", |c| {
        let solved = solver(c).solve_batch(&problem(c), &DefaultInitializer);
        tensors(solved.map(|outputs| outputs.iter().map(|output| output.f().clone()).collect::<Vec<_>>()))
    }),
    ("Sinkhorn::steps", |c| match solver(c).steps(&problem(c), &DefaultInitializer) {
        Err(error) => tensors::<Tensor, _>(Err(error)),
        Ok(mut steps) => {
            let before = steps.output();
            steps.by_ref().take(3).for_each(drop);
            [outputs(before), outputs(steps.output())].concat()
        }
    }),
    ("SinkhornInitializer::potential", |c| tensors(GaussianInitializer.potential(&problem(c)))),
    ("SinkhornInitializer::duals", |c| tensors(GaussianInitializer.duals(&problem(c)))),
    ("SinkhornInitializer::scalings", |c| tensors(DefaultInitializer.scalings(&problem(c)))),
    ("SinkhornOutput::dual_cost", |c| number(output(c).dual_cost())),
    ("SinkhornOutput::ent_reg_cost", |c| number(output(c).ent_reg_cost())),
    ("SinkhornOutput::primal_cost", |c| number(output(c).primal_cost())),
    ("SinkhornOutput::reg_ot_cost", |c| number(output(c).reg_ot_cost())),
    ("SinkhornOutput::matrix", |c| tensors(output(c).matrix())),
    ("SinkhornOutput::marginal", |c| vec![output(c).marginal(over(c))]),
    ("SinkhornOutput::apply", |c| vec![output(c).apply(&c.tensor(), over(c))]),
];

const LEARNED: &[(&str, Call)] = &[
    ("DualObjective::loss", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        vec![objective(c, &geometry).loss(&of_atoms(c, n), &of_atoms(c, n), &of_atoms(c, m))]
    }),
    ("DualObjective::loss_and_residual", |c| {
        let geometry = geometry(c);
        let (n, m) = geometry.shape();
        let (loss, residual) =
            objective(c, &geometry).loss_and_residual(&of_atoms(c, n), &of_atoms(c, n), &of_atoms(c, m));
        vec![loss, residual]
    }),
    ("MetaMLP::call", |c| {
        let (size, a, b) = (c.small(), c.tensor(), c.tensor());
        tensors(MetaMLP::new(size).num_hidden_units(c.small()).init(c.key(), |m| m.call(&a, &b)))
    }),
    ("PotentialModel::potential", |c| {
        let (size, a, b) = (c.small(), c.tensor(), c.tensor());
        tensors(MetaMLP::new(size).num_hidden_units(2).init(c.key(), |m| m.potential(&a, &b)))
    }),
    ("MetaInitializer::update", |c| {
        let (mut meta, a, b) = learned(c);
        let first = meta.update(&a, &b);
        [tensors(first), tensors(meta.update(&b, &a)), tensors(meta.update(&a, &b))].concat()
    }),
    ("MetaInitializer::updated", |c| {
        let (meta, a, b) = learned(c);
        let state = if c.flag() { meta.state().clone() } else { learned(c).0.state().clone() };
        tensors(meta.updated(state, &a, &b).map(|(loss, f, _)| (loss, f)))
    }),
    ("MetaInitializer::predict", |c| {
        let (meta, a, b) = learned(c);
        tensors(meta.predict(&a, &b))
    }),
    ("MetaInitializer::loss", |c| {
        let (meta, a, b) = learned(c);
        tensors(meta.loss(&a, &b))
    }),
    ("MetaInitializer::set_params", |c| {
        let ((mut meta, a, b), other) = (learned(c), learned(c).0);
        let set = meta.set_params(other.params().clone());
        [tensors(set.map(|()| Vec::<Tensor>::new())), tensors(meta.predict(&a, &b))].concat()
    }),
    ("MetaInitializer::set_state", |c| {
        let ((mut meta, a, b), other) = (learned(c), learned(c).0);
        let set = meta.set_state(other.state().clone());
        [tensors(set.map(|()| Vec::<Tensor>::new())), tensors(meta.update(&a, &b))].concat()
    }),
];

fn calls() -> Vec<(&'static str, Call)> {
    [GEOMETRIES, SOLUTIONS, LEARNED].concat()
}

/// Functions that read or wrap a value, and settings, which the other calls use.
const NOT_CALLED: &[&str] = &[
    "CostMatrix::cost",
    "DualObjective::new",
    "Epsilon::new",
    "Geometry::dtype",
    "Geometry::epsilon",
    "Geometry::shape",
    "Grid::coordinates",
    "Grid::grid_size",
    "Grid::points",
    "LinearProblem::a",
    "LinearProblem::b",
    "LinearProblem::batch",
    "LinearProblem::geometry",
    "MetaInitializer::builder",
    "MetaInitializer::geometry",
    "MetaInitializer::model",
    "MetaInitializer::new",
    "MetaInitializer::params",
    "MetaInitializer::state",
    "MetaInitializerBuilder::*",
    "Momentum::adaptive",
    "Momentum::new",
    "PointCloud::cost",
    "PointCloud::x",
    "PointCloud::y",
    "Sinkhorn::new",
    "SinkhornOutput::converged",
    "SinkhornOutput::errors",
    "SinkhornOutput::f",
    "SinkhornOutput::g",
    "SinkhornOutput::n_iters",
    "SinkhornOutput::problem",
    "SinkhornOutput::transport_mass",
    "Steps::output",
];

#[test]
fn no_call_panics() {
    let panicked = panicked(&calls(), CALLS);
    assert!(panicked.is_empty(), "{panicked:#?}");
}

#[test]
fn every_public_function_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = not_hunted(&source, &calls(), NOT_CALLED);
    assert!(forgotten.is_empty(), "add these functions to the hunt: {forgotten:#?}");
}
