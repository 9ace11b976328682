//! `init`, `apply` and their arguments. Flax's `method` is the closure here;
//! the compiler checks its type.

use metamlp::prelude::*;
use metamlp::{Error, make_rng, param, variable};
use metamlp::{Filter, Map};

use super::support::{at, created, numbers, paths};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

/// Noise and a random mask, where asked for.
#[compact]
fn model(x: &Tensor, add_dropout: bool, add_noise: bool) -> Tensor {
    let mut x = Dense::new(16).call(x);
    if add_dropout {
        let kept = random::bernoulli(make_rng("dropout"), 0.5, x.shape());
        x = Tensor::select(&kept, &x * 2.0, Tensor::zeros(x.shape(), F32));
    }
    if add_noise {
        x = &x + random::normal(make_rng("params"), []);
    }
    x
}

/// Flax: `test_default_params_rng_equivalence`. What is no key is refused by the compiler.
#[test]
fn a_key_is_the_stream_of_parameters() {
    let keys = Key::new(0).split(3);
    let x = random::normal(keys[0].clone(), [10, 8]);
    let named = |key: &Key| [("params", key.clone())];
    model().init(&keys[1], |m| m.call(&x, true, false)).unwrap();
    let variables = model().init(named(&keys[1]), |m| m.call(&x, false, false)).unwrap();
    let same = model().init(&keys[1], |m| m.call(&x, false, false)).unwrap();
    assert_eq!(at(&variables, "params/Dense_0/kernel"), at(&same, "params/Dense_0/kernel"));
    for (dropout, noise) in [(true, false), (false, true), (true, true)] {
        let by_name = model().apply(&variables, named(&keys[2]), |m| m.call(&x, dropout, noise)).unwrap();
        let by_key = model().apply(&variables, &keys[2], |m| m.call(&x, dropout, noise)).unwrap();
        assert_eq!(numbers(&by_name), numbers(&by_key));
    }
}

/// Flax: `test_functional_apply`, `test_module_apply_method`: the closure is the method.
#[test]
fn a_closure_calls_what_it_will() {
    #[module]
    struct Foo {
        a: Dense,
        b: Dense,
    }
    let foo = Foo::new(Dense::new(3), Dense::new(1));
    let f = |foo: &Foo| foo.b.call(&foo.a.call(&x()));
    let (y1, variables) = foo.init_with_output(Key::new(0), f).unwrap();
    assert_eq!(paths(&variables), ["params/a/bias", "params/a/kernel", "params/b/bias", "params/b/kernel"]);
    let y2 = foo.apply(&variables, (), f).unwrap();
    assert_eq!(numbers(&y1), numbers(&y2));
    // One that calls nothing, or has nothing to return, will do as well.
    foo.apply(&Variables::new(), (), |_| ()).unwrap();
    assert!(foo.init((), |_| ()).unwrap().is_empty());
    // Flax: `test_module_apply_method_submodule`.
    let a = foo.apply(&variables, (), |foo| foo.a.call(&x())).unwrap();
    assert_eq!(a.shape(), [2, 3]);
}

/// Flax: `test_passing_mutable_variables`.
#[test]
fn variables_are_passed_on_as_they_are() {
    let foo = Dense::new(2);
    let mut variables = created(&foo, |m| m.call(&Tensor::ones([3], F32)));
    variables.insert("unknown", Map::new().with("w", 1.0f32));
    let y = foo.apply(&variables, (), |m| m.call(&Tensor::ones([3], F32))).unwrap();
    assert_eq!(y.shape(), [2]);
}

/// Flax: `test_is_mutable_collection`.
#[test]
fn a_module_knows_what_it_may_write() {
    #[module]
    struct Empty {}
    #[compact]
    impl Empty {
        fn call(&self) -> Tensor {
            Tensor::scalar(self.is_mutable_collection("test"))
        }
    }
    let asked = |options: Options| {
        let (may, _) = Empty::new().apply_mut(&Variables::new(), options, Empty::call).unwrap();
        may.item::<bool>().unwrap()
    };
    assert!(asked(Options::new().mutable(["test"])) && asked(Options::new().mutable(true)));
    assert!(!asked(Options::new()) && !asked(Options::new().mutable(DenyList::new("test"))));
    assert!(!Empty::new().is_mutable_collection("test"));
}

/// Flax: `test_is_initializing`.
#[test]
fn a_module_knows_whether_it_is_initialized() {
    #[compact]
    fn foo() -> Tensor {
        Tensor::scalar(metamlp::is_initializing())
    }
    let (at_init, _) = foo().init_with_output(Key::new(0), Foo::call).unwrap();
    let at_apply = foo().apply(&Variables::new(), (), Foo::call).unwrap();
    assert!(at_init.item::<bool>().unwrap() && !at_apply.item::<bool>().unwrap());
    let options = Options::from(Key::new(0)).mutable(true);
    let (at_apply, _) = foo().apply_mut(&Variables::new(), options, Foo::call).unwrap();
    assert!(!at_apply.item::<bool>().unwrap() && !metamlp::is_initializing());
}

/// Flax: `test_nested_init`.
#[test]
fn a_field_is_initialized_on_its_own_inside_of_a_method() {
    #[module]
    struct Foo {
        bar: Bar,
    }
    #[module]
    struct Bar {
        baz: Baz,
    }
    #[module]
    struct Baz {
        a: f64,
    }
    #[compact]
    impl Baz {
        fn call(&self, x: &Tensor) -> Tensor {
            x + self.param("b", initializers::ones(), []) * self.a
        }
    }
    #[compact]
    impl Bar {
        fn call(&self, x: &Tensor) -> Tensor {
            self.baz.call(x)
        }
    }
    #[compact]
    impl Foo {
        fn call(&self, x: &Tensor) -> (Tensor, Variables) {
            self.bar.init_with_output(Key::new(0), |bar| bar.call(x)).unwrap()
        }
    }
    let foo = Foo::new(Bar::new(Baz::new(1.0)));
    let one = Tensor::ones([], F32);
    let ((y, bar), variables) = foo.init_with_output(Key::new(0), |m| m.call(&one)).unwrap();
    assert_eq!(numbers(&y), [2.0]);
    assert_eq!(paths(&bar), ["params/baz/b"]);
    assert!(variables.is_empty());
}

/// Flax: `test_call_unbound_noncompact_module_methods`, `test_unbound_setup_call`; the
/// other `test_call_unbound_*` are in `tests/core/errors.rs`.
#[test]
fn what_needs_no_scope_needs_no_init() {
    #[module]
    struct Empty {
        foo: usize,
    }
    #[compact]
    impl Empty {
        fn bar(&self) -> usize {
            self.foo
        }
    }
    assert_eq!(Empty::new(3).bar(), 3);
}

/// `init` with nothing mutable fails at the first parameter, and lists make what they list.
#[test]
fn init_makes_what_is_mutable() {
    #[compact]
    fn counted(x: &Tensor) -> Tensor {
        let count = variable("stats", "count", || 0.0f32);
        x + param("w", initializers::ones(), [3]) + count.get()
    }
    let init = |mutable: Filter| {
        counted().init(Options::from(Key::new(0)).mutable(mutable), |m| m.call(&x())).map(|v| paths(&v))
    };
    for nothing in [Filter::from(false), Filter::from([])] {
        assert!(matches!(init(nothing), Err(Error::CollectionNotFound { .. })));
    }
    assert!(matches!(init("params".into()), Err(Error::CollectionNotFound { .. })));
    assert_eq!(init(["params", "stats"].into()).unwrap(), ["params/w", "stats/count"]);
    assert_eq!(init(DenyList::new("other").into()).unwrap(), ["params/w", "stats/count"]);
}

/// Missing collections are not returned; existing ones are returned whole.
#[test]
fn apply_returns_the_collections_that_are_mutable_and_there() {
    let foo = Dense::new(2);
    let variables = created(&foo, |m| m.call(&x())).with("cache", Map::new().with("a", 1.0f32));
    let returned = |mutable: Filter| {
        let (_, updates) =
            foo.apply_mut(&variables, Options::new().mutable(mutable), |m| m.call(&x())).unwrap();
        paths(&updates)
    };
    assert_eq!(returned([].into()), [""; 0]);
    assert_eq!(returned(["cache", "none"].into()), ["cache/a"]);
    assert_eq!(returned(true.into()), ["cache/a", "params/bias", "params/kernel"]);
    assert_eq!(returned(DenyList::new("params").into()), ["cache/a"]);
}
