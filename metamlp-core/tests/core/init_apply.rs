//! `init`, `apply` and their mutable forms: created, returned and unchanged variables.

use metamlp::Map;
use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        let x = Dense::new(16).call(x);
        let x = BatchNorm::new().use_running_average(!train).call(&x);
        let x = x.maximum(0.0);
        let x = &x + random::normal(self.make_rng("noise"), x.shape());
        Dense::new(1).call(&x)
    }
}

fn foo() -> (Foo, Variables) {
    let model = Foo::new();
    let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
    let variables = model.init(rngs, |m| m.call(&Tensor::spec([1, 7], F32), false)).unwrap();
    (model, variables)
}

fn input() -> Tensor {
    Tensor::from_vec([4, 7], (0..28i16).map(|i| f32::from(i) / 7.0 - 2.0).collect())
}

fn numbers(variables: &Variables, path: &str) -> Vec<f32> {
    variables.get(path).unwrap().as_tensor().unwrap().to_vec().unwrap()
}

#[test]
fn init_creates_the_variables_in_order_of_use() {
    let (_, variables) = foo();
    assert_eq!(
        variables.to_string(),
        "params:\n  \
           Dense_0:\n    kernel: f32[7, 16]\n    bias: f32[16]\n  \
           BatchNorm_0:\n    scale: f32[16]\n    bias: f32[16]\n  \
           Dense_1:\n    kernel: f32[16, 1]\n    bias: f32[1]\n\
         batch_stats:\n  \
           BatchNorm_0:\n    mean: f32[16]\n    var: f32[16]"
    );
}

#[test]
fn init_with_output_returns_what_apply_would() {
    let model = Dense::new(3);
    let (y, variables) = model.init_with_output(Key::new(0), |m| m.call(&input())).unwrap();
    let applied = model.apply(&variables, Options::new(), |m| m.call(&input())).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), applied.to_vec::<f32>().unwrap());
}

#[test]
fn apply_mut_returns_whole_collections_and_leaves_its_input_alone() {
    let (model, variables) = foo();
    let options = || Options::new().rng("noise", Key::new(2)).mutable(["batch_stats", "cache"]);
    let (_, updates) = model.apply_mut(&variables, options(), |m| m.call(&input(), true)).unwrap();
    assert_eq!(updates.names().collect::<Vec<_>>(), ["batch_stats"]);
    assert_ne!(numbers(&updates, "batch_stats/BatchNorm_0/mean"), [0.0; 16]);
    assert_eq!(numbers(&variables, "batch_stats/BatchNorm_0/mean"), [0.0; 16]);

    let (_, again) = model
        .apply_mut(&variables.clone().updated(updates.clone()), options(), |m| m.call(&input(), true))
        .unwrap();
    let mean = "batch_stats/BatchNorm_0/mean";
    let (first, second) = (numbers(&updates, mean), numbers(&again, mean));
    assert!(first.iter().zip(&second).all(|(first, second)| (second - 1.99 * first).abs() < 1e-4));

    // Unchanged collections come back too.
    let options = Options::new().rng("noise", Key::new(2)).mutable(true);
    let (_, all) = model.apply_mut(&variables, options, |m| m.call(&input(), false)).unwrap();
    assert_eq!(all.to_string(), variables.to_string());
}

#[test]
fn batch_norm_trains_by_the_batch_and_runs_by_the_averages() {
    let layer = BatchNorm::new().use_running_average(false);
    let x = Tensor::from_vec([3, 2], vec![1.0f32, 10.0, 2.0, 20.0, 3.0, 30.0]);
    let variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
    let (y, updates) =
        layer.apply_mut(&variables, Options::new().mutable("batch_stats"), |m| m.call(&x)).unwrap();
    let y = y.to_vec::<f32>().unwrap();
    let expected = 1.0 / (2.0f32 / 3.0 + 1e-5).sqrt();
    assert!((y[0] + expected).abs() < 1e-5 && y[2].abs() < 1e-5 && (y[4] - expected).abs() < 1e-5);
    assert!((numbers(&updates, "batch_stats/mean")[1] - 0.2).abs() < 1e-6);
    assert!((numbers(&updates, "batch_stats/var")[0] - (0.99 + 0.01 * 2.0 / 3.0)).abs() < 1e-6);
    let still = BatchNorm::new().use_running_average(true);
    let y = still.apply(&variables, Options::new(), |m| m.call(&x)).unwrap().to_vec::<f32>().unwrap();
    assert!((y[5] - 30.0).abs() < 1e-3);
}

#[test]
fn a_missing_parameter_is_created_where_params_are_mutable() {
    let model = Dense::new(2);
    let options = Options::new().rng("params", Key::new(3)).mutable("params");
    let (_, created) = model.apply_mut(&Variables::new(), options, |m| m.call(&input())).unwrap();
    let init = model.init(Key::new(3), |m| m.call(&input())).unwrap();
    assert_eq!(numbers(&created, "params/kernel"), numbers(&init, "params/kernel"));
}

#[test]
fn a_gradient_of_the_params_has_their_names() {
    let (model, variables) = foo();
    let (loss, grads) = value_and_grad(variables.params(), |params| {
        let variables = variables.clone().with_params(params.clone());
        let y =
            model.apply(&variables, Options::new().rng("noise", Key::new(2)), |m| m.call(&input(), false))?;
        Ok(y.square().mean_all())
    })
    .unwrap();
    assert!(loss.item::<f32>().unwrap() > 0.0);
    assert_eq!(grads.to_string(), variables.params().to_string());
    assert!(grads["Dense_1"]["bias"].as_tensor().unwrap().to_vec::<f32>().unwrap()[0] != 0.0);
}

/// A model that applies another while it is initialised or applied itself.
#[module]
struct Hyper {
    inner: Variables,
}

#[compact]
impl Hyper {
    fn call(&self, x: &Tensor) -> Tensor {
        let x = Dense::new(7).call(x);
        let inner = Dense::new(2).apply(&self.inner, Options::new(), |m| m.call(&x));
        let fresh = Dense::new(2).init(Key::new(9), |m| m.call(&x)).map(|v| v.params().size());
        assert_eq!(fresh.unwrap(), 16);
        Dense::new(1).call(&inner.unwrap())
    }
}

/// Flax: `test_nested_init`.
#[test]
fn apply_inside_of_init_and_apply() {
    let inner = Dense::new(2).init(Key::new(1), |m| m.call(&input())).unwrap();
    let model = Hyper::new(inner.clone());
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([4, 7], F32))).unwrap();
    // The modules of the nested calls are constructed here too, and take numbers.
    assert_eq!(variables["params"].names().collect::<Vec<_>>(), ["Dense_0", "Dense_3"]);
    let y = model.apply(&variables, Options::new(), |m| m.call(&input())).unwrap();

    let part = |name: &str| Variables::from_params(variables["params"][name].as_map().unwrap().clone());
    let by_hand = Dense::new(7).apply(&part("Dense_0"), (), |m| m.call(&input())).unwrap();
    let by_hand = Dense::new(2).apply(&inner, (), |m| m.call(&by_hand)).unwrap();
    let by_hand = Dense::new(1).apply(&part("Dense_3"), (), |m| m.call(&by_hand)).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), by_hand.to_vec::<f32>().unwrap());
}

#[module]
struct Counter {}

#[compact]
impl Counter {
    fn call(&self, x: &Tensor) -> Tensor {
        let features = x.shape()[1];
        let mean = self.variable("stats", "mean", || Tensor::zeros([features], F32));
        let n = self.variable("stats", "n", || Tensor::zeros([], I32));
        if !self.is_initializing() {
            n.update(|n| n + 1);
            mean.set(mean.get() + (x.mean([0]) - mean.get()) / n.get());
        }
        x - mean.get()
    }
}

#[test]
fn variables_persist_within_an_apply() {
    let model = Counter::new();
    let variables = model.init(Key::new(0), |m| m.call(&input())).unwrap();
    assert_eq!(variables.to_string(), "stats:\n  mean: f32[7]\n  n: i32[]");
    let thrice = |m: &Counter| {
        m.call(&input());
        m.call(&input());
        m.call(&input())
    };
    let (_, updates) = model.apply_mut(&variables, Options::new().mutable("stats"), thrice).unwrap();
    assert_eq!(updates["stats"]["n"].as_tensor().unwrap().item::<i32>().unwrap(), 3);
}

#[module]
struct Perturbed {}

#[compact]
impl Perturbed {
    fn call(&self, x: &Tensor) -> Tensor {
        let h = Dense::new(4).call(x);
        let h = self.perturb("h", &h);
        Dense::new(2).call(&h)
    }
}

/// Flax: `test_perturb_noop`.
#[test]
fn a_perturbation_has_the_gradient_of_the_value() {
    let model = Perturbed::new();
    let variables = model.init(Key::new(0), |m| m.call(&input())).unwrap();
    assert_eq!(numbers(&variables, "perturbations/h"), [0.0; 16]);
    let grads = grad(&variables, |variables| Ok(model.apply(variables, (), |m| m.call(&input()))?.sum_all()))
        .unwrap();
    let kernel = numbers(&variables, "params/Dense_1/kernel");
    let expected: Vec<f32> = (0..16).map(|i| kernel[2 * (i % 4)] + kernel[2 * (i % 4) + 1]).collect();
    let found = numbers(&grads, "perturbations/h");
    assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-6));

    // Without the collection it does nothing; with an empty one it is missing.
    let params = Variables::from_params(variables["params"].clone());
    model.apply(&params, (), |m| m.call(&input())).unwrap();
    let empty = params.with("perturbations", Map::new());
    let error = model.apply(&empty, (), |m| m.call(&input())).unwrap_err();
    assert!(matches!(error, metamlp::Error::CollectionNotFound { .. }), "{error}");
}
