//! Bound models: calls that share a state, bound submodules, unbinding.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use metamlp::prelude::*;
use metamlp::{Error, make_rng, variable};

fn x() -> Tensor {
    Tensor::from_vec([2, 3], vec![1.0f32, 2.0, 3.0, -4.0, 5.0, 0.5])
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec().unwrap()
}

fn at(variables: &Variables, path: &str) -> Vec<f32> {
    numbers(variables.get(path).unwrap().as_tensor().unwrap())
}

#[compact]
fn mlp(x: &Tensor) -> Tensor {
    Dense::new(2).call(&Dense::new(4).call(x).tanh())
}

/// Flax: `test_bind`.
#[test]
fn a_bound_model_computes_what_apply_does() {
    let model = mlp();
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    let bound = model.bind(&variables, ());
    let applied = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    for _ in 0..3 {
        let y = bound.run(|m| m.call(&x())).unwrap();
        assert!(y.is_concrete());
        assert_eq!(numbers(&y), numbers(&applied));
    }
    assert_eq!(bound.variables().to_string(), variables.to_string());
}

/// Flax: `test_bind_stateful`.
#[test]
fn mutable_collections_change_from_run_to_run() {
    let layer = BatchNorm::new().use_running_average(false);
    let variables = layer.init(Key::new(0), |m| m.call(&x())).unwrap();
    let options = || Options::new().mutable(["batch_stats"]);
    let bound = layer.bind(&variables, options());
    let mut expected = variables.clone();
    for _ in 0..3 {
        let (y, updates) = layer.apply_mut(&expected, options(), |m| m.call(&x())).unwrap();
        expected = expected.updated(updates);
        assert_eq!(numbers(&bound.run(|m| m.call(&x())).unwrap()), numbers(&y));
        let variables = bound.variables();
        variables.for_each(&mut |tensor| assert!(tensor.is_concrete()));
        for path in ["batch_stats/mean", "batch_stats/var", "params/scale"] {
            assert_eq!(at(&variables, path), at(&expected, path));
        }
    }
    assert_eq!(at(&variables, "batch_stats/mean"), [0.0; 3]);
    // Nothing is mutable unasked.
    let error = layer.bind(&variables, ()).run(|m| m.call(&x())).unwrap_err();
    assert!(matches!(error, Error::ImmutableCollection { .. }), "{error}");
}

#[compact]
fn noise(x: &Tensor) -> Tensor {
    random::normal(make_rng("noise"), x.shape())
}

#[compact]
fn noise_twice(x: &Tensor) -> (Tensor, Tensor) {
    let noise = noise();
    (noise.call(x), noise.call(x))
}

#[test]
fn streams_go_on() {
    let stream = || Options::new().rng("noise", Key::new(3));
    let twice = noise_twice();
    let (first, second) = twice.apply(&Variables::new(), stream(), |m| m.call(&x())).unwrap();
    let bound = twice.bind(&Variables::new(), stream());
    let (a, b) = bound.run(|m| m.call(&x())).unwrap();
    assert_eq!((numbers(&a), numbers(&b)), (numbers(&first), numbers(&second)));
    let (c, _) = bound.run(|m| m.call(&x())).unwrap();
    assert_ne!(numbers(&c), numbers(&a));
    assert_ne!(numbers(&c), numbers(&b));
}

#[module]
struct AutoEncoder {
    encoder: Dense,
    decoder: Stack,
}

#[compact]
impl AutoEncoder {
    fn call(&self, x: &Tensor) -> Tensor {
        self.decoder.call(&self.encoder.call(x))
    }
}

#[module]
struct Stack {
    layers: Vec<Counted>,
}

#[compact]
impl Stack {
    fn call(&self, x: &Tensor) -> Tensor {
        self.layers.iter().fold(x.clone(), |x, layer| layer.call(&x))
    }
}

/// Adds the number of its calls.
#[module]
struct Counted {}

#[compact]
impl Counted {
    fn call(&self, x: &Tensor) -> Tensor {
        let count = self.variable("stats", "count", || 0.0f32);
        count.update(|n| n + 1.0);
        x + count.get()
    }
}

fn auto_encoder() -> (AutoEncoder, Variables) {
    let model = AutoEncoder::new(Dense::new(2), Stack::new(vec![Counted::new(), Counted::new()]));
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    (model, variables)
}

/// Flax: `test_unbind`.
#[test]
fn a_part_of_a_bound_model_shares_its_state() {
    let (model, variables) = auto_encoder();
    let bound = model.bind(&variables, Options::new().mutable("stats"));
    let encoder = bound.at(|m| &m.encoder).unwrap();
    assert_eq!(encoder.variables().to_string(), "params:\n  kernel: f32[3, 2]\n  bias: f32[2]");
    let z = encoder.run(|encoder| encoder.call(&x())).unwrap();
    assert_eq!(numbers(&z), numbers(&bound.run(|m| m.encoder.call(&x())).unwrap()));

    let layer = bound.at(|m| &m.decoder.layers[1]).unwrap();
    assert_eq!(at(&layer.variables(), "stats/count"), [1.0]);
    bound.run(|m| m.call(&x())).unwrap();
    assert_eq!(at(&layer.variables(), "stats/count"), [2.0]);
    let same = bound.at(|m| &m.decoder).unwrap().at(|decoder| &decoder.layers[1]).unwrap();
    assert_eq!(at(&same.variables(), "stats/count"), [2.0]);
    layer.run(|layer| layer.call(&z)).unwrap();
    assert_eq!(at(&bound.variables(), "stats/decoder/layers_0/count"), [2.0]);
    assert_eq!(at(&bound.variables(), "stats/decoder/layers_1/count"), [3.0]);

    // Taken apart, it is applied by itself.
    let (encoder, variables) = encoder.unbind();
    assert_eq!(numbers(&encoder.apply(&variables, (), |m| m.call(&x())).unwrap()), numbers(&z));
    assert!(encoder.call(&x()).evaluate().is_err());
}

#[module]
struct Outside {
    held: Held,
}

/// Not a module: a module in it is not in a field.
#[derive(Clone, Debug)]
struct Held(Dense);

#[compact]
impl Outside {
    fn call(&self, x: &Tensor) -> Tensor {
        self.held.0.call(x)
    }
}

#[test]
fn only_fields_are_parts() {
    let model = Outside::new(Held(Dense::new(2)));
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    let bound = model.bind(&variables, ());
    let line = line!() + 1;
    let error = bound.at(|m| &m.held.0).unwrap_err();
    assert!(matches!(error, Error::NotAField { class: "Dense", .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "metamlp-core/tests/core/bind.rs:{line}: this Dense is not in a field of the bound Outside or of a \
             module below it: give a module that is in a field, `bound.at(|m| &m.encoder)`"
        )
    );
}

/// Flax: `test_bind_unbind_equality`.
#[test]
fn what_is_bound_and_unbound_is_the_same() {
    let (model, variables) = auto_encoder();
    let bound = model.bind(&variables, ());
    assert_eq!(format!("{bound:?}").split_once(" variables").unwrap().0, "Bound { model: \"AutoEncoder\",");
    let (unbound, same) = bound.unbind();
    assert_eq!(format!("{unbound:?}"), format!("{model:?}"));
    assert_eq!(same.to_string(), variables.to_string());
    assert_eq!(at(&same, "params/encoder/kernel"), at(&variables, "params/encoder/kernel"));
}

#[test]
fn variables_are_asked_for_in_the_closure_too() {
    let (model, variables) = auto_encoder();
    let bound = model.bind(&variables, Options::new().mutable("stats"));
    for _ in 0..2 {
        let kernel = bound.run(|m| m.encoder.param("kernel", initializers::ones(), [3, 2])).unwrap();
        assert_eq!(numbers(&kernel), at(&variables, "params/encoder/kernel"));
        bound.run(|m| m.put_variable("stats", "own", 7.0f32)).unwrap();
    }
    assert_eq!(at(&bound.variables(), "stats/own"), [7.0]);
}

#[compact]
fn careless(x: &Tensor, wrong: bool) -> Tensor {
    let count = variable("stats", "count", || 0.0f32);
    count.update(|n| n + 1.0);
    variable("more", "new", || 0.0f32);
    assert!(x.rank() == 2, "a user's panic");
    if wrong { x.matmul(&Tensor::ones([7, 7], F32)) } else { x + count.get() }
}

#[test]
fn after_an_error_or_a_panic_the_variables_are_as_before() {
    let model = careless();
    let variables = model.init((), |m| m.call(&x(), false)).unwrap();
    let bound = model.bind(&variables, Options::new().mutable(true));
    bound.run(|m| m.call(&x(), false)).unwrap();
    let before = bound.variables();
    assert!(matches!(bound.run(|m| m.call(&x(), true)), Err(Error::Tensor(_))));
    assert_eq!(at(&bound.variables(), "stats/count"), [2.0]);
    let panicked = catch_unwind(AssertUnwindSafe(|| bound.run(|m| m.call(&Tensor::ones([3], F32), false))));
    assert!(panicked.is_err());
    assert_eq!(bound.variables().to_string(), before.to_string());
    bound.run(|m| m.call(&x(), false)).unwrap();
    assert_eq!(at(&bound.variables(), "stats/count"), [3.0]);

    // Collections that the failed run made are gone.
    let bound = model.bind(&Variables::new(), Options::new().mutable(true));
    assert!(bound.run(|m| m.call(&x(), true)).is_err());
    assert!(bound.variables().is_empty());
}

#[test]
fn threads_take_turns() {
    let model = careless();
    let variables = model.init((), |m| m.call(&x(), false)).unwrap();
    let bound = model.bind(&variables, Options::new().mutable("stats"));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| (0..20).for_each(|_| drop(bound.run(|m| m.call(&x(), false)).unwrap())));
        }
    });
    assert_eq!(at(&bound.variables(), "stats/count"), [161.0]);
    // A run inside of a run has its turn already.
    let y = bound.run(|m| bound.run(|m| m.call(&x(), false)).unwrap() + m.call(&x(), false)).unwrap();
    assert_eq!(numbers(&y)[0], 162.0 + 163.0 + 2.0);
}
