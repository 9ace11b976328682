//! The training of the learned initializer, and the iterations it saves.

use metamlp_core::Map;
use metamlp_core::optim::{Optimizer, sgd};
use metamlp_core::prelude::*;
use metamlp_ot::{
    CostMatrix, Error, Geometry, Grid, LinearProblem, MetaInitializer, MetaMLP, PointCloud, PotentialModel,
    Sinkhorn, SinkhornInitializer, ZeroWeights,
};
use metamlp_tensor::statistics;

use crate::support::*;

const A: [f64; 3] = [0.5, 0.3, 0.2];
const B: [f64; 2] = [0.6, 0.4];

/// The points 0, 1, 2 and 0, 1.5.
fn geometry() -> Geometry {
    let column = |values: &[f64]| vector(values).expand_dims(1);
    PointCloud::new(&column(&[0.0, 1.0, 2.0]), &column(&[0.0, 1.5]), 0.5).unwrap().into()
}

fn with_fixed_weights(zero_weights: ZeroWeights, optimizer: Optimizer) -> MetaInitializer {
    let model = MetaMLP::new(3).num_hidden_units(4).num_hidden_layers(2);
    let builder = MetaInitializer::builder(geometry()).model(model);
    let mut meta = builder.zero_weights(zero_weights).optimizer(optimizer).build(Key::new(0)).unwrap();
    meta.set_params(fixed_params()).unwrap();
    meta
}

fn fixed() -> MetaInitializer {
    with_fixed_weights(ZeroWeights::Masked, optim::adam(1e-3))
}

fn parameter(meta: &MetaInitializer, path: &str) -> Tensor {
    meta.params().get(path).unwrap().as_tensor().unwrap().clone()
}

#[test]
fn loss_and_step() {
    for zero_weights in [ZeroWeights::Masked, ZeroWeights::AsOtt] {
        let mut meta = with_fixed_weights(zero_weights, optim::adam(1e-3));
        let before = meta.predict(&vector(&A), &vector(&B)).unwrap();
        let (loss, f) = meta.update(&vector(&A), &vector(&B)).unwrap();
        assert_close(loss.item().unwrap(), -0.4377981402889, TOLERANCE);
        assert_all_close(&f, &before.to_vec::<f64>().unwrap(), 0.0);
        let bias = parameter(&meta, "Dense_2/bias");
        assert_all_close(&bias, &[0.0990000005, 0.1009999997, 0.0990000007], TOLERANCE);
        assert_eq!(meta.state().step.item::<i32>().unwrap(), 1);
    }
}

#[test]
fn gradient() {
    // Gradient descent with rate 1 subtracts exactly the gradient.
    let mut meta = with_fixed_weights(ZeroWeights::Masked, sgd(1.0));
    meta.update(&vector(&A), &vector(&B)).unwrap();
    let step = |path: &str| 0.1 - parameter(&meta, path);
    assert_all_close(&step("Dense_2/bias"), &[0.0201053659, -0.0351848290, 0.0150794630], TOLERANCE);
    assert_close(step("Dense_2/bias").sum_all().item().unwrap(), 0.0, 1e-14);
    assert_all_close(&step("Dense_1/bias"), &[-4.569002638e-4; 4], 1e-12);
}

#[test]
fn gradient_of_every_parameter_is_that_of_general_differentiation() {
    let a = Tensor::from_vec([2, 3], vec![0.5, 0.3, 0.2, 0.5, 0.0, 0.5]);
    let b = Tensor::from_vec([2, 2], vec![0.6, 0.4, 0.0, 1.0]);
    for zero_weights in [ZeroWeights::Masked, ZeroWeights::AsOtt] {
        let mut meta = with_fixed_weights(zero_weights, sgd(1.0));
        let objective = metamlp_ot::DualObjective::new(geometry()).zero_weights(zero_weights);
        let model = meta.model().clone();
        let params = meta.params().clone();
        let (loss, expected) = value_and_grad(&params, |params| {
            let f = model.apply(&Variables::from_params(params.clone()), (), |m| m.call(&a, &b))?;
            Ok(objective.loss(&f, &a, &b).mean_all())
        })
        .unwrap();
        let (found, _) = meta.update(&a, &b).unwrap();
        assert_close(found.item().unwrap(), loss.item().unwrap(), 1e-14);
        for (path, gradient) in expected.tensors_with_paths() {
            let path = path.to_string();
            let before = params.get(&path).unwrap().as_tensor().unwrap();
            let step = before - parameter(&meta, &path);
            assert_all_close(&step, &gradient.to_vec::<f64>().unwrap(), 1e-13);
        }
    }
}

#[test]
fn a_batch_has_the_mean_loss() {
    let mut meta = fixed();
    let a = Tensor::from_vec([2, 3], vec![0.5, 0.3, 0.2, 0.2, 0.2, 0.6]);
    let b = Tensor::from_vec([2, 2], vec![0.6, 0.4, 0.1, 0.9]);
    assert_close(meta.loss(&a, &b).unwrap().item().unwrap(), -0.4090153285, TOLERANCE);
    let (loss, f) = meta.update(&a, &b).unwrap();
    assert_close(loss.item().unwrap(), -0.4090153285, TOLERANCE);
    assert_eq!(f.shape(), [2, 3]);
}

#[test]
fn fifty_updates_and_what_they_save() {
    let mut meta = fixed();
    let (a, b) = (vector(&A), vector(&B));
    let mut last = 0.0;
    for _ in 0..50 {
        last = meta.update(&a, &b).unwrap().0.item::<f64>().unwrap();
    }
    assert_close(last, -0.4396801818, TOLERANCE);

    let problem = LinearProblem::new(geometry(), a, b).unwrap();
    let solver = Sinkhorn::new().threshold(1e-8).inner_iterations(1);
    let zeros = solver.solve(&problem).unwrap();
    let learned = solver.solve_with(&problem, &meta).unwrap();
    assert_eq!((zeros.n_iters(), learned.n_iters()), (47, 36));
    assert_close(zeros.reg_ot_cost().unwrap(), learned.reg_ot_cost().unwrap(), 1e-9);
    assert_close(-learned.reg_ot_cost().unwrap(), -0.4396862245, TOLERANCE);

    let (f, g) = meta.duals(&problem).unwrap();
    let (u, v) = meta.scalings(&problem).unwrap();
    assert_all_close(&u, &(f / 0.5).exp().to_vec::<f64>().unwrap(), 1e-15);
    assert_all_close(&g, &[0.0, 0.0], 0.0);
    assert_all_close(&v, &[1.0, 1.0], 0.0);
}

#[test]
fn weights_without_mass() {
    let (a, b) = (vector(&[0.5, 0.0, 0.5]), vector(&[0.0, 1.0]));
    let problem = LinearProblem::new(geometry(), a.clone(), b.clone()).unwrap();
    let (f, g) = fixed().duals(&problem).unwrap();
    assert_eq!(f.index(1).item::<f64>().unwrap(), f64::NEG_INFINITY);
    assert_eq!(g.index(0).item::<f64>().unwrap(), f64::NEG_INFINITY);
    let (u, v) = fixed().scalings(&problem).unwrap();
    assert_eq!(u.index(1).item::<f64>().unwrap(), 0.0);
    assert_eq!(v.index(0).item::<f64>().unwrap(), 0.0);

    let mut as_ott = with_fixed_weights(ZeroWeights::AsOtt, optim::adam(1e-3));
    let (loss, _) = as_ott.update(&a, &b).unwrap();
    assert_close(loss.item().unwrap(), 0.5456794964, TOLERANCE);
    let mut masked = fixed();
    let (loss, _) = masked.update(&a, &b).unwrap();
    assert!((loss.item::<f64>().unwrap() - 0.5456794964).abs() > 0.1);
    for meta in [as_ott, masked] {
        for parameter in meta.params().tensors() {
            assert!(parameter.is_finite().all_all().item::<bool>().unwrap());
        }
    }
}

#[test]
fn more_batches_compile_nothing() {
    let mut meta = fixed();
    let (a, b) = (vector(&A), vector(&B));
    meta.update(&a, &b).unwrap();
    let compiled = statistics::compiled_plans();
    for i in 0..3 {
        let a = Tensor::from_vec([3], vec![0.2 + 0.1 * f64::from(i), 0.5 - 0.1 * f64::from(i), 0.3]);
        meta.update(&a, &b).unwrap();
    }
    assert_eq!(statistics::compiled_plans(), compiled);
}

#[test]
fn what_learns_and_solves_goes_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<MetaInitializer>();
    check::<Sinkhorn>();
    check::<metamlp_ot::SinkhornOutput>();
    check::<LinearProblem>();
}

#[test]
fn pure_and_changing_updates_agree() {
    let mut meta = fixed();
    let (a, b) = (vector(&A), vector(&B));
    let state = meta.state().clone();
    let (loss, f, state) = meta.updated(state, &a, &b).unwrap();
    assert_eq!(meta.state().step.item::<i32>().unwrap(), 0);
    let (same_loss, same_f) = meta.update(&a, &b).unwrap();
    assert_eq!(loss.item::<f64>().unwrap(), same_loss.item::<f64>().unwrap());
    assert_eq!(f.to_vec::<f64>().unwrap(), same_f.to_vec::<f64>().unwrap());
    let mut other = fixed();
    other.set_state(state).unwrap();
    for path in ["Dense_0/kernel", "Dense_2/bias"] {
        let values = |meta| parameter(meta, path).to_vec::<f64>().unwrap();
        assert_eq!(values(&meta), values(&other));
    }
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut meta = fixed();
    let before = parameter(&meta, "Dense_0/kernel").to_vec::<f64>().unwrap();
    let (a, b) = (vector(&A), vector(&B));
    let one_row = |t: &Tensor| t.expand_dims(0);
    let cases = [
        (vector(&[0.5, 0.5]), b.clone()),
        (vector(&[0.5, 0.5, 0.5]), b.clone()),
        (vector(&[f64::NAN, 0.5, 0.5]), b.clone()),
        (a.clone(), vector(&[1.5, -0.5])),
        (one_row(&a), b.clone()),
        (Tensor::zeros([0, 3], F64), Tensor::zeros([0, 2], F64)),
        (a.clone(), one_row(&b)),
        (Tensor::spec([3], F64), b),
    ];
    for (a, b) in cases {
        assert!(meta.update(&a, &b).is_err());
        assert!(meta.predict(&a, &b).is_err());
        assert!(meta.loss(&a, &b).is_err());
    }
    assert_eq!(parameter(&meta, "Dense_0/kernel").to_vec::<f64>().unwrap(), before);
}

/// A network whose potential is one element too short.
#[module(crate = metamlp_core)]
struct Short {}

#[compact(crate = metamlp_core)]
impl Short {
    fn call(&self, a: &Tensor) -> Tensor {
        Dense::new(a.shape()[a.rank() - 1] - 1).call(a)
    }
}

impl PotentialModel for Short {
    fn potential(&self, a: &Tensor, _b: &Tensor) -> Tensor {
        self.call(a)
    }
}

#[test]
fn a_model_of_another_size_is_refused_when_it_is_built() {
    let short = MetaInitializer::builder(geometry()).model(Short::new()).build(Key::new(0));
    let long = MetaInitializer::builder(geometry()).model(MetaMLP::new(7)).build(Key::new(0));
    for (error, found) in [(short.map(|_| ()), "[2]"), (long.map(|_| ()), "[7]")] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(found) && error.contains("[3]"), "{error}");
    }
}

#[test]
fn another_geometry_is_refused_unless_it_is_allowed() {
    let weights = |dtype| Some(Tensor::from_vec([3], vec![0.5, 0.3, 0.2]).convert(dtype));
    let solver = Sinkhorn::new();
    let grid = |epsilon: f64, dtype| Grid::from_size([3], dtype, epsilon).unwrap();
    let meta = |any| {
        let builder = MetaInitializer::builder(grid(0.1, F32)).any_geometry(any);
        builder.build(Key::new(0)).unwrap()
    };
    let far = CostMatrix::new(&(Tensor::eye(3, F32) * 100.0), 0.1).unwrap();
    for geometry in
        [Geometry::from(grid(0.2, F32)), far.into(), Grid::from_size([3, 1], F32, 0.1).unwrap().into()]
    {
        let problem = LinearProblem::new(&geometry, weights(F32), None).unwrap();
        let error = solver.solve_with(&problem, &meta(false)).unwrap_err();
        assert!(matches!(error, Error::OtherGeometry { .. }), "{error}");
        assert!(solver.solve_with(&problem, &meta(true)).unwrap().converged());
    }
    // Equal costs are one geometry, also if they are made anew or in another dtype.
    for dtype in [F32, F64] {
        let problem = LinearProblem::new(grid(0.1, dtype), weights(dtype), None).unwrap();
        assert!(solver.solve_with(&problem, &meta(false)).unwrap().converged());
    }
}

#[test]
fn parameters_of_another_network_are_refused() {
    let mut meta = fixed();
    let refused = |params: Map, meta: &mut MetaInitializer| match meta.set_params(params) {
        Err(Error::Parameter { path, found, expected, .. }) => (path, found, expected),
        other => panic!("{other:?}"),
    };
    let mut shape = fixed_params();
    let wide = Map::from([("kernel", Tensor::zeros([4, 7], F64)), ("bias", Tensor::zeros([3], F64))]);
    shape.insert("Dense_2", wide);
    let (path, found, expected) = refused(shape, &mut meta);
    assert_eq!((&*path, &*found, &*expected), ("Dense_2/kernel", "f64[4, 7]", "f64[4, 3]"));
    let mut missing = fixed_params();
    missing.remove("Dense_1");
    assert_eq!(refused(missing, &mut meta).1, "missing");
    let mut more = fixed_params();
    more.insert("Dense_3", Tensor::zeros([1], F64));
    assert_eq!(refused(more, &mut meta).2, "no such parameter");
}

#[test]
fn every_geometry_will_do() {
    let cost = three_points(0.5).cost_matrix().unwrap().convert(F32);
    let cloud = Tensor::from_vec([3, 1], vec![0.0f32, 0.5, 1.0]);
    let geometries: [Geometry; 3] = [
        CostMatrix::new(&cost, 0.5).unwrap().into(),
        PointCloud::new(&cloud, &cloud, 0.5).unwrap().into(),
        Grid::from_size([3], F32, 0.5).unwrap().into(),
    ];
    for geometry in geometries {
        let model = MetaMLP::new(3).num_hidden_units(16);
        let mut meta = MetaInitializer::builder(&geometry).model(model).build(Key::new(1)).unwrap();
        let (a, b) = (vector(&A), vector(&[0.2, 0.3, 0.5]));
        let first = meta.update(&a, &b).unwrap().0.item::<f32>().unwrap();
        for _ in 0..20 {
            meta.update(&a, &b).unwrap();
        }
        assert!(meta.loss(&a, &b).unwrap().item::<f32>().unwrap() < first);
    }
}

#[test]
fn one_pair_learned_by_heart_converges_sooner() {
    // OTT's own test, in its statistical form.
    let (n, m) = (32, 30);
    let key = Key::new(0);
    let keys = key.split(2);
    let x = random::normal(&keys[0], [n, 2]) + Tensor::from_vec([2], vec![-5.0f32, 5.0]);
    let y = random::normal(&keys[1], [m, 2]);
    let geometry = Geometry::from(PointCloud::new(&x, &y, 1e-2).unwrap());
    let mut meta = MetaInitializer::new(&geometry, Key::new(0)).unwrap();
    let uniform = |n: usize| Tensor::full([n], 1.0 / n as f64, F32);
    for _ in 0..50 {
        meta.update(&uniform(n), &uniform(m)).unwrap();
    }
    let problem = LinearProblem::new(&geometry, None, None).unwrap();
    let solver = Sinkhorn::new().max_iterations(10_000);
    let zeros = solver.solve(&problem).unwrap();
    let learned = solver.solve_with(&problem, &meta).unwrap();
    assert!(zeros.converged() && learned.converged());
    assert!(learned.n_iters() < zeros.n_iters(), "{} and {}", learned.n_iters(), zeros.n_iters());
}
