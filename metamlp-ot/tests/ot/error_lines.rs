//! Each public function that can fail, in a wrong call whose error must name the caller's line.

use std::path::Path;

use metamlp_core::prelude::*;
use metamlp_ot::{
    CostMatrix, DefaultInitializer, DualObjective, Epsilon, GaussianInitializer, Geometry, Grid,
    LinearProblem, MetaInitializer, MetaMLP, Over, PointCloud, PotentialModel, Result, Sinkhorn,
    SinkhornInitializer, SinkhornOutput, Statistic, ZeroWeights,
};

use crate::lines::{WrongCall, forgotten, misplaced, wrong};
use crate::support::*;

const NAN: f64 = f64::NAN;

fn grid() -> Geometry {
    Grid::from_size([3], F64, 1.0).unwrap().into()
}

fn cloud() -> Geometry {
    let points = Tensor::from_vec([3, 1], vec![0.0, 1.0, 2.0]);
    PointCloud::new(&points, &points, 1.0).unwrap().into()
}

fn geometries() -> Vec<WrongCall> {
    let (nan, integers) = (Tensor::full([2, 2], NAN, F64), Tensor::ones([2, 2], I32));
    let (one, two) = (Tensor::ones([2, 1], F64), Tensor::ones([2, 2], F64));
    let unknown = Tensor::spec([2, 2], F64);
    vec![
        wrong("CostMatrix::new", || CostMatrix::new(&vector(&[1.0]), 1.0)),
        wrong("CostMatrix::new", || CostMatrix::new(&integers, 1.0)),
        wrong("CostMatrix::new", || CostMatrix::new(&Tensor::ones([0, 2], F64), 1.0)),
        wrong("CostMatrix::new", || CostMatrix::new(&nan, 1.0)),
        wrong("CostMatrix::new", || CostMatrix::new(&unknown, 1.0)),
        wrong("Epsilon::new", || CostMatrix::new(&two, Epsilon::new(NAN))),
        wrong("Epsilon::new", || CostMatrix::new(&two, Epsilon::new(1.0).init(0.0))),
        wrong("Epsilon::new", || CostMatrix::new(&two, Epsilon::new(1.0).decay(2.0))),
        wrong("Epsilon::new", || CostMatrix::new(&two, Epsilon::new(1.0).relative_to(Statistic::Std))),
        wrong("Grid::from_size", || Grid::from_size([3], I32, 1.0)),
        wrong("Grid::from_size", || Grid::from_size([3, 0], F64, 1.0)),
        wrong("Grid::new", || Grid::new(&[], 1.0)),
        wrong("Grid::new", || Grid::new(std::slice::from_ref(&two), 1.0)),
        wrong("Grid::new", || Grid::new(&[Tensor::ones([2], I32)], 1.0)),
        wrong("Grid::new", || Grid::new(&[vector(&[NAN])], 1.0)),
        wrong("Grid::new", || Grid::new(&[Tensor::spec([2], F64)], 1.0)),
        wrong("PointCloud::new", || PointCloud::new(&vector(&[1.0]), &one, 1.0)),
        wrong("PointCloud::new", || PointCloud::new(&one, &integers, 1.0)),
        wrong("PointCloud::new", || PointCloud::new(&two, &nan, 1.0)),
        wrong("PointCloud::new", || PointCloud::new(&one, &two, 1.0)),
        wrong("PointCloud::new", || PointCloud::new(&unknown, &two, 1.0)),
    ]
}

fn operators() -> Vec<WrongCall> {
    let (geometry, grid) = (&three_points(1.0), &grid());
    let (x, y) = (&Tensor::ones([3], F64), &Tensor::ones([4], F64));
    vec![
        wrong("Geometry::apply_kernel", || geometry.apply_kernel(y, 1.0, Over::Rows)),
        wrong("Geometry::apply_lse_kernel", || geometry.apply_lse_kernel(y, 1.0, Over::Columns)),
        wrong("Geometry::apply_lse_kernel", || {
            geometry.apply_lse_kernel(&Tensor::scalar(1.0), 1.0, Over::Rows)
        }),
        wrong("Geometry::apply_transport_from_potentials", || {
            geometry.apply_transport_from_potentials(x, x, y, Over::Rows)
        }),
        wrong("Geometry::cost_matrix", || grid.cost_matrix()),
        wrong("Geometry::kernel_matrix", || grid.kernel_matrix()),
        wrong("Geometry::marginal_from_potentials", || geometry.marginal_from_potentials(x, y, Over::Rows)),
        wrong("Geometry::marginal_from_potentials", || geometry.marginal_from_potentials(y, x, Over::Rows)),
        wrong("Geometry::marginal_from_scalings", || geometry.marginal_from_scalings(x, y, Over::Rows)),
        wrong("Geometry::potential_from_scaling", || geometry.potential_from_scaling(&y.reshape([7]))),
        wrong("Geometry::scaling_from_potential", || geometry.scaling_from_potential(&y.reshape([7]))),
        wrong("Geometry::transport_from_potentials", || grid.transport_from_potentials(x, x)),
        wrong("Geometry::transport_from_potentials", || tensor(geometry.transport_from_potentials(x, y))),
        wrong("Geometry::transport_from_scalings", || grid.transport_from_scalings(x, x)),
        wrong("Geometry::transport_from_scalings", || tensor(geometry.transport_from_scalings(y, x))),
        wrong("Geometry::update_potential", || geometry.update_potential(x, y, 1.0, Over::Rows)),
        wrong("Geometry::update_scaling", || geometry.update_scaling(x, y, 1.0, Over::Rows)),
        wrong("DualObjective::loss", || DualObjective::new(geometry).loss(y, x, x)),
        wrong("DualObjective::loss", || DualObjective::new(geometry).loss(x, y, x)),
        wrong("DualObjective::loss", || DualObjective::new(geometry).loss(x, x, y)),
        wrong("DualObjective::loss", || {
            DualObjective::new(geometry).zero_weights(ZeroWeights::AsOtt).loss(&Tensor::scalar(1.0), x, x)
        }),
        wrong("DualObjective::loss_and_residual", || {
            DualObjective::new(geometry).loss_and_residual(x, y, x).0
        }),
        wrong("DualObjective::loss_and_residual", || {
            DualObjective::new(geometry).loss_and_residual(x, x, y).1
        }),
    ]
}

/// The tensor of a call that returns one with an error.
fn tensor(result: Result<Tensor>) -> Tensor {
    result.unwrap()
}

/// The solution of a problem on a grid, which has no matrix.
fn output() -> SinkhornOutput {
    Sinkhorn::new().solve(&LinearProblem::new(grid(), None, None).unwrap()).unwrap()
}

/// An initializer of the user's that returns potentials of another length.
struct TooLong;

impl SinkhornInitializer for TooLong {
    fn potential(&self, _: &LinearProblem) -> Result<Tensor> {
        Ok(Tensor::ones([4], F64))
    }
}

fn problems() -> Vec<WrongCall> {
    let geometry = three_points(1.0);
    let (four, nan) = (Tensor::ones([4], F64), vector(&[0.0, NAN, 0.0]));
    let batch = LinearProblem::new(&geometry, Tensor::full([2, 3], 1.0 / 3.0, F64), None).unwrap();
    let single = three_point_problem(1.0);
    let refused = Sinkhorn::new().threshold(NAN);
    let zero = Tensor::zeros([3], F64);
    let gaussian = &GaussianInitializer as &dyn SinkhornInitializer;
    vec![
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, Tensor::ones([4], F64), None)),
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, Tensor::ones([3], I32), None)),
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, Tensor::ones([3], F64), None)),
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, vector(&[2.0, -0.5, -0.5]), None)),
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, Tensor::spec([3], F64), None)),
        wrong("LinearProblem::new", || {
            LinearProblem::new(&geometry, batch.a().clone(), Tensor::full([5, 3], 1.0 / 3.0, F64))
        }),
        wrong("LinearProblem::new", || LinearProblem::new(&geometry, vector(&[0.5, 0.5, 1e-9]), None)),
        wrong("LinearProblem::normalized", || LinearProblem::normalized(&geometry, zero.clone(), None)),
        wrong("Sinkhorn::solve", || refused.solve(&single)),
        wrong("Sinkhorn::solve", || Sinkhorn::new().solve(&batch)),
        wrong("Sinkhorn::solve", || Sinkhorn::new().inner_iterations(0).solve(&single)),
        wrong("Sinkhorn::solve_with", || Sinkhorn::new().solve_with(&single, &GaussianInitializer)),
        wrong("Sinkhorn::solve_with", || Sinkhorn::new().solve_with(&single, gaussian)),
        wrong("Sinkhorn::solve_with", || Sinkhorn::new().solve_with(&single, &TooLong)),
        wrong("Sinkhorn::solve_with", || refused.solve_with(&single, &DefaultInitializer)),
        wrong("Sinkhorn::solve_from", || Sinkhorn::new().solve_from(&single, &zero, &four)),
        wrong("Sinkhorn::solve_from", || Sinkhorn::new().solve_from(&single, &nan, &zero)),
        wrong("Sinkhorn::solve_from", || Sinkhorn::new().solve_from(&single, &zero.convert(I32), &zero)),
        wrong("Sinkhorn::solve_from", || Sinkhorn::new().solve_from(&single, &(-zero.log()), &zero)),
        wrong("Sinkhorn::solve_from", || Sinkhorn::new().solve_from(&batch, &zero, &zero)),
        wrong("Sinkhorn::solve_batch", || refused.solve_batch(&batch, &DefaultInitializer)),
        wrong("Sinkhorn::solve_batch", || Sinkhorn::new().solve_batch(&single, &TooLong)),
        wrong("Sinkhorn::steps", || refused.steps(&single, &DefaultInitializer)),
        wrong("Sinkhorn::steps", || Sinkhorn::new().steps(&single, gaussian)),
        wrong("SinkhornInitializer::potential", || GaussianInitializer.potential(&single)),
        wrong("SinkhornInitializer::duals", || GaussianInitializer.duals(&single)),
        wrong("SinkhornInitializer::duals", || TooLong.duals(&single)),
        wrong("SinkhornInitializer::scalings", || GaussianInitializer.scalings(&single)),
        wrong("SinkhornOutput::matrix", || output().matrix()),
        wrong("SinkhornOutput::apply", || output().apply(&Tensor::ones([4], F64), Over::Rows)),
    ]
}

/// A network whose potential has the shape of `a` for one pair, but not for a batch.
#[module(crate = metamlp_core)]
struct Averaged {}

#[compact(crate = metamlp_core)]
impl Averaged {
    fn call(&self, a: &Tensor) -> Tensor {
        let potential = Dense::new(3).call(a);
        if a.rank() == 1 { potential } else { potential.mean([0]) }
    }
}

impl PotentialModel for Averaged {
    fn potential(&self, a: &Tensor, _b: &Tensor) -> Tensor {
        self.call(a)
    }
}

fn learned() -> Vec<WrongCall> {
    let (third, four) = (&Tensor::full([3], 1.0 / 3.0, F64), &Tensor::full([4], 0.25, F64));
    let small = MetaMLP::new(3).num_hidden_units(2);
    let mut meta = MetaInitializer::builder(cloud()).model(small).build(Key::new(0)).unwrap();
    let mut odd = MetaInitializer::builder(cloud()).model(Averaged::new()).build(Key::new(0)).unwrap();
    let pairs = &third.broadcast_to([2, 3]);
    let state = meta.state().clone();
    let params = fixed_params();
    let mut other = state.clone();
    other.params = params.clone();
    vec![
        wrong("MetaInitializer::loss", || meta.loss(third, four)),
        wrong("MetaInitializer::loss", || odd.loss(pairs, pairs)),
        wrong("MetaInitializer::predict", || meta.predict(four, third)),
        wrong("MetaInitializer::predict", || odd.predict(pairs, pairs)),
        wrong("MetaInitializer::update", || meta.update(four, third)),
        wrong("MetaInitializer::update", || odd.update(pairs, pairs)),
        wrong("MetaInitializer::updated", || meta.updated(state.clone(), four, third)),
        wrong("MetaInitializer::updated", || odd.updated(odd.state().clone(), pairs, pairs)),
        wrong("MetaInitializer::set_params", || meta.set_params(params)),
        wrong("MetaInitializer::set_state", || meta.set_state(other)),
        wrong("MetaInitializer::new", || {
            MetaInitializer::new(cloud(), Key::from_tensor(Tensor::ones([3], U32)))
        }),
        wrong("MetaInitializerBuilder::build", || {
            MetaInitializer::builder(cloud()).build(Key::from_tensor(Tensor::ones([3], U32)))
        }),
        wrong("MetaInitializerBuilder::build", || {
            MetaInitializer::builder(cloud()).model(MetaMLP::new(7)).build(Key::new(0))
        }),
        wrong("Sinkhorn::solve_with", || Sinkhorn::new().solve_with(&three_point_problem(7.0), &meta)),
        wrong("MetaMLP::call", || MetaMLP::new(3).init(Key::new(0), |m| m.call(third, &Tensor::scalar(1.0)))),
        wrong("PotentialModel::potential", || {
            MetaMLP::new(3).init(Key::new(0), |m| m.potential(third, &Tensor::scalar(1.0)))
        }),
    ]
}

fn wrong_calls() -> Vec<WrongCall> {
    [geometries(), operators(), problems(), learned()].into_iter().flatten().collect()
}

/// Functions without an error, by the reason.
const CANNOT_FAIL: &[(&str, &[&str])] = &[
    (
        "a value that is read",
        &[
            "CostMatrix::cost",
            "Geometry::dtype",
            "Geometry::epsilon",
            "Geometry::epsilon_at",
            "Geometry::points",
            "Geometry::shape",
            "Grid::coordinates",
            "Grid::grid_size",
            "Grid::points",
            "LinearProblem::a",
            "LinearProblem::b",
            "LinearProblem::batch",
            "LinearProblem::geometry",
            "MetaInitializer::geometry",
            "MetaInitializer::model",
            "MetaInitializer::params",
            "MetaInitializer::state",
            "PointCloud::cost",
            "PointCloud::x",
            "PointCloud::y",
            "SinkhornOutput::converged",
            "SinkhornOutput::errors",
            "SinkhornOutput::f",
            "SinkhornOutput::g",
            "SinkhornOutput::n_iters",
            "SinkhornOutput::problem",
            "SinkhornOutput::transport_mass",
        ],
    ),
    (
        "settings, which the call that uses them checks",
        &[
            "DualObjective::new",
            "MetaInitializer::builder",
            "MetaInitializerBuilder::model",
            "Momentum::adaptive",
            "Momentum::new",
            "Sinkhorn::new",
        ],
    ),
    (
        "an output of the solver has values of the right shapes",
        &[
            "SinkhornOutput::dual_cost",
            "SinkhornOutput::ent_reg_cost",
            "SinkhornOutput::primal_cost",
            "SinkhornOutput::marginal",
            "SinkhornOutput::reg_ot_cost",
            "Steps::output",
        ],
    ),
];

#[test]
fn an_error_names_the_callers_line() {
    let misplaced = misplaced(&wrong_calls());
    assert!(misplaced.is_empty(), "{misplaced:#?}");
}

#[test]
fn every_public_function_that_can_fail_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = forgotten(&source, &wrong_calls(), CANNOT_FAIL);
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
