//! Two modules in one scope: which one moves, its submodules, name clashes.

use metamlp::error::Kind;
use metamlp::prelude::*;
use metamlp::{Error, make_rng, param, share_scope};

fn x() -> Tensor {
    Tensor::from_vec([2, 5], (0..10u8).map(|i| f32::from(i) / 7.0 - 0.5).collect())
}

/// `collection/path` of every variable, in order.
fn paths(variables: &Variables) -> Vec<String> {
    variables.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect()
}

fn init<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor) -> Vec<String> {
    paths(&model.init(Key::new(0), f).unwrap())
}

fn lora(x: &Tensor, y: &Tensor) -> Tensor {
    let (inputs, outputs) = (x.shape()[1], y.shape()[1]);
    let a = param("A", initializers::lecun_normal(), [inputs, 2]);
    let b = param("B", initializers::ones(), [2, outputs]);
    y + x.matmul(&a).matmul(&b)
}

/// A `Dense` from outside with a low-rank addition.
#[module]
struct Adapted {
    base: Dense,
}

#[compact]
impl Adapted {
    fn call(&self, x: &Tensor) -> Tensor {
        self.share_scope(&self.base);
        lora(x, &self.base.call(x))
    }
}

/// The same with a `Dense` of its own.
#[compact]
fn adapted_inside(x: &Tensor) -> Tensor {
    let base = Dense::new(10);
    share_scope(&base);
    lora(x, &base.call(x))
}

#[compact]
fn around_a_sibling(x: &Tensor) -> Tensor {
    let dense = Dense::new(10);
    Adapted::new(dense).call(x)
}

const SHARED: [&str; 4] = ["kernel", "bias", "A", "B"];

fn under(prefix: &str) -> Vec<String> {
    SHARED.iter().map(|name| format!("{prefix}{name}")).collect()
}

/// Flax: ShareScope `test_basic`.
#[test]
fn a_field_moves_up_to_the_module() {
    let model = Adapted::new(Dense::new(10));
    assert_eq!(init(&model, |m| m.call(&x())), under("params/"));
}

#[module]
struct Holds {
    dense_lora: Adapted,
}

#[compact]
impl Holds {
    fn call(&self, x: &Tensor) -> Tensor {
        self.dense_lora.call(x)
    }
}

/// Flax: ShareScope `test_other_scope_is_none`.
#[test]
fn a_field_of_a_field_moves_up_to_the_field() {
    let model = Holds::new(Adapted::new(Dense::new(10)));
    assert_eq!(init(&model, |m| m.call(&x())), under("params/dense_lora/"));
    // The inner one is called without the other: nothing has moved yet.
    assert_eq!(
        init(&model, |m| m.dense_lora.base.call(&x())),
        ["params/dense_lora/base/kernel", "params/dense_lora/base/bias"]
    );
}

/// Flax: ShareScope `test_child_scope`, `test_in_compact`.
#[test]
fn a_module_made_inside_moves_up_too() {
    assert_eq!(init(&adapted_inside(), |m| m.call(&x())), under("params/"));
    #[compact]
    fn deeper(x: &Tensor) -> Tensor {
        adapted_inside().call(&adapted_inside().call(x))
    }
    let expected = [under("params/AdaptedInside_1/"), under("params/AdaptedInside_0/")].concat();
    assert_eq!(init(&deeper(), |m| m.call(&x())), expected);
}

#[module]
struct Model {
    dense: std::sync::Arc<Dense>,
    lora: AdaptedArc,
}

#[module]
struct AdaptedArc {
    base: std::sync::Arc<Dense>,
}

#[compact]
impl AdaptedArc {
    fn call(&self, x: &Tensor) -> Tensor {
        self.share_scope(&*self.base);
        lora(x, &self.base.call(x))
    }
}

#[compact]
impl Model {
    fn call(&self, x: &Tensor) -> Tensor {
        self.lora.call(x)
    }
}

/// Flax: ShareScope `test_adopt_child_name`.
#[test]
fn a_wrapper_moves_to_what_another_module_owns() {
    let dense = std::sync::Arc::new(Dense::new(10));
    let model = Model::new(dense.clone(), AdaptedArc::new(dense));
    assert_eq!(init(&model, |m| m.call(&x())), under("params/dense/"));
    let model = around_a_sibling();
    assert_eq!(init(&model, |m| m.call(&x())), under("params/Dense_0/"));
    // The wrapper is made anew in each call.
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    let y = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    let twice = model.apply(&variables, (), |m| m.call(&x()) + m.call(&x())).unwrap();
    assert_eq!((y * 2.0).to_vec::<f32>().unwrap(), twice.to_vec::<f32>().unwrap());
}

#[compact]
fn two_layers(x: &Tensor) -> Tensor {
    Dense::new(3).call(&Dense::new(4).call(x))
}

#[module]
struct Around {
    base: TwoLayers,
    own: Dense,
}

#[compact]
impl Around {
    fn call(&self, x: &Tensor) -> Tensor {
        self.share_scope(&self.base);
        self.base.call(x) + self.own.call(x)
    }
}

#[compact]
fn around_outside(x: &Tensor) -> Tensor {
    let base = two_layers();
    Around::new(base, Dense::new(3)).call(x)
}

/// Flax: ShareScope `test_external_grandchild_scope_correct`: submodules go along, of whichever moves.
#[test]
fn submodules_go_along() {
    let model = Around::new(two_layers(), Dense::new(3));
    let layers = |prefix: &str, names: [&str; 3]| -> Vec<String> {
        names
            .iter()
            .flat_map(|name| ["kernel", "bias"].map(|own| format!("params/{prefix}{name}/{own}")))
            .collect()
    };
    assert_eq!(init(&model, |m| m.call(&x())), layers("", ["Dense_1", "Dense_0", "own"]));
    // `own` is made by the caller, and stays the caller's.
    assert_eq!(
        init(&around_outside(), |m| m.call(&x())),
        ["TwoLayers_0/Dense_1", "TwoLayers_0/Dense_0", "Dense_0"]
            .iter()
            .flat_map(|name| ["kernel", "bias"].map(|own| format!("params/{name}/{own}")))
            .collect::<Vec<_>>()
    );
}

/// A wrapper whose own submodule was there before it moved.
#[module]
struct Late {
    base: std::sync::Arc<TwoLayers>,
    own: Dense,
}

#[compact]
impl Late {
    fn call(&self, x: &Tensor) -> Tensor {
        let made = Dense::new(3).named("made");
        assert!(["late/made", "base/made"].contains(&made.path().as_str()));
        self.share_scope(&*self.base);
        assert_eq!([made.path(), self.own.path()], ["base/made", "base/own"]);
        self.base.call(x) + self.own.call(x) + made.call(x)
    }
}

#[module]
struct Outer {
    base: std::sync::Arc<TwoLayers>,
    late: Late,
}

#[compact]
impl Outer {
    fn call(&self, x: &Tensor) -> Tensor {
        self.late.call(x)
    }
}

#[test]
fn what_the_wrapper_has_goes_along() {
    let base = std::sync::Arc::new(two_layers());
    let model = Outer::new(base.clone(), Late::new(base, Dense::new(3)));
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    let names: Vec<_> = variables["params"]["base"].as_map().unwrap().names().collect();
    assert_eq!(names, ["Dense_1", "Dense_0", "own", "made"]);
    let y = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    // Twice in one apply: nothing moves any more.
    let twice = model.apply(&variables, (), |m| m.call(&x()) + m.call(&x())).unwrap();
    assert_eq!((y * 2.0).to_vec::<f32>().unwrap(), twice.to_vec::<f32>().unwrap());
}

/// The numbers are those of Flax 0.12.8.
#[test]
fn values_are_drawn_in_the_shared_place() {
    let first = |variables: &Variables, path: &str| {
        variables.get(path).unwrap().as_tensor().unwrap().to_vec::<f32>().unwrap()[0]
    };
    let variables = around_a_sibling().init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(first(&variables, "params/Dense_0/A"), 0.312_670_32);
    assert_eq!(first(&variables, "params/Dense_0/kernel"), -0.738_707_1);

    let alone = Dense::new(10);
    let kernel = first(&alone.init(Key::new(0), |m| m.call(&x())).unwrap(), "params/kernel");
    let model = Adapted::new(alone);
    let adapted = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(first(&adapted, "params/A"), 0.610_569_3);
    assert_eq!((first(&adapted, "params/kernel"), kernel), (0.036_947_265, 0.036_947_265));
    // And are found in `apply`, several times.
    let y = model.apply(&adapted, (), |m| m.call(&x())).unwrap();
    let bound = model.bind(&adapted, ());
    for _ in 0..2 {
        assert_eq!(bound.run(|m| m.call(&x())).unwrap().to_vec::<f32>().unwrap(), y.to_vec::<f32>().unwrap());
    }
}

#[module]
struct Noisy {}

#[compact]
impl Noisy {
    fn call(&self) -> Tensor {
        random::uniform(self.make_rng("noise"), [3])
    }
}

#[compact]
fn streams(shared: bool) -> (Tensor, Tensor) {
    let noisy = Noisy::new();
    let first = random::uniform(make_rng("noise"), [3]);
    if shared {
        share_scope(&noisy);
    }
    (first, noisy.call())
}

#[compact]
fn draws_twice() -> (Tensor, Tensor) {
    let draw = || random::uniform(make_rng("noise"), [3]);
    (draw(), draw())
}

#[test]
fn streams_are_those_of_the_shared_scope() {
    let rngs = || Rngs::new([("noise", Key::new(3))]);
    let numbers = |(a, b): (Tensor, Tensor)| (a.to_vec::<f32>().unwrap(), b.to_vec::<f32>().unwrap());
    let none = Variables::new();
    let shared = numbers(streams().apply(&none, rngs(), |m| m.call(true)).unwrap());
    let apart = numbers(streams().apply(&none, rngs(), |m| m.call(false)).unwrap());
    assert_eq!(shared, numbers(draws_twice().apply(&none, rngs(), |m| m.call()).unwrap()));
    assert_eq!(shared.0, apart.0);
    assert_ne!(shared.1, apart.1);
}

/// Calls the wrapped module twice, which is one set of its parameters.
#[compact]
fn calls_twice(x: &Tensor) -> Tensor {
    let base = Dense::new(5);
    share_scope(&base);
    base.call(&base.call(x))
}

#[test]
fn a_shared_module_is_called_as_often_as_one_likes() {
    assert_eq!(init(&calls_twice(), |m| m.call(&x())), ["params/kernel", "params/bias"]);
}

fn clash<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor, name: &str, kinds: (Kind, Kind)) {
    let error = model.init(Key::new(0), f).unwrap_err();
    let Error::NameInUse { name: clashing, wanted, taken, .. } = &error else { panic!("{error}") };
    assert_eq!((clashing.as_str(), (*wanted, *taken)), (name, kinds), "{error}");
}

#[test]
fn names_that_both_want() {
    #[compact]
    fn a_parameter(x: &Tensor, #[field] after: bool) -> Tensor {
        let base = Dense::new(5);
        share_scope(&base);
        let y = if after { Some(base.call(x)) } else { None };
        let kernel = param("kernel", initializers::ones(), [5, 5]);
        y.unwrap_or_else(|| base.call(x)) + x.matmul(&kernel)
    }
    clash(&a_parameter(true), |m| m.call(&x()), "kernel", (Kind::Param, Kind::Param));
    clash(&a_parameter(false), |m| m.call(&x()), "kernel", (Kind::Param, Kind::Param));

    #[compact]
    fn a_submodule(x: &Tensor) -> Tensor {
        let base = two_layers();
        share_scope(&base);
        let y = Dense::new(3).call(x);
        base.call(x) + y
    }
    clash(&a_submodule(), |m| m.call(&x()), "Dense_0", (Kind::Module, Kind::Module));

    #[module]
    struct HasOwn {
        own: Dense,
    }
    #[compact]
    impl HasOwn {
        fn call(&self, x: &Tensor) -> Tensor {
            self.own.call(x)
        }
    }
    #[module]
    struct AlsoHasOwn {
        base: HasOwn,
        own: Dense,
    }
    #[compact]
    impl AlsoHasOwn {
        fn call(&self, x: &Tensor) -> Tensor {
            self.share_scope(&self.base);
            self.own.call(x) + self.base.call(x)
        }
    }
    let model = AlsoHasOwn::new(HasOwn::new(Dense::new(3)), Dense::new(3));
    clash(&model, |m| m.call(&x()), "own", (Kind::Field, Kind::Field));
}

#[test]
fn too_late() {
    #[compact]
    fn late(x: &Tensor) -> Tensor {
        let base = Dense::new(5);
        let y = base.call(x);
        share_scope(&base);
        y
    }
    let line = line!() - 3;
    let error = late().init(Key::new(0), |m| m.call(&x())).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Late (metamlp-core/tests/core/share_scope.rs:{line}): this module cannot share a scope with Dense: \
             `kernel` was asked for before; call share_scope first"
        )
    );
}

#[module]
struct Inner {}

#[compact]
impl Inner {
    fn call(&self, x: &Tensor, outside: &Dense) -> Tensor {
        self.share_scope(outside);
        x.clone()
    }
}

#[test]
fn scopes_of_two_calls() {
    #[compact]
    fn outer(x: &Tensor) -> Tensor {
        let outside = Dense::new(5);
        let y = outside.call(x);
        let error = Inner::new().init(Key::new(0), |m| m.call(x, &outside)).unwrap_err();
        assert!(error.to_string().contains("Dense: it runs in another call of `init` or `apply`"), "{error}");
        y
    }
    outer().init(Key::new(0), |m| m.call(&x())).unwrap();
}
