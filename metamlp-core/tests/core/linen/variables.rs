//! Variables of any collection: asked for, written, and what is said where
//! there is none. Most errors of Flax's scopes are in `tests/core/errors.rs`.

use metamlp::Error;
use metamlp::Map;
use metamlp::prelude::*;

use super::support::{at, numbers, paths};

fn x() -> Tensor {
    Tensor::ones([2], F32)
}

/// Flax: `test_module_get_put_has_variable`.
#[test]
fn a_module_writes_and_reads_without_declaring() {
    #[module]
    struct A {}
    #[compact]
    impl A {
        fn call(&self, x: &Tensor) -> Tensor {
            assert!(!self.has_variable("test_col", "a"));
            self.put_variable("test_col", "a", x);
            assert!(self.has_variable("test_col", "a") && !self.has_variable("other", "a"));
            self.get_variable("test_col", "a").and_then(|a| a.as_tensor().cloned()).unwrap()
        }
    }
    let options = Options::new().mutable(["test_col"]);
    let (y, updates) = A::new().apply_mut(&Variables::new(), options, |m| m.call(&x())).unwrap();
    assert_eq!((numbers(&y), at(&updates, "test_col/a")), (vec![1.0, 1.0], vec![1.0, 1.0]));
}

#[module]
struct Stateful {}

#[compact]
impl Stateful {
    fn call(&self, expected: bool) {
        let test = self.variable("state", "test", || 1.0f32);
        assert_eq!(test.is_mutable(), expected);
    }
}

/// Flax, of scopes: `test_variable_is_mutable`.
#[test]
fn a_variable_knows_whether_it_may_be_written() {
    let model = Stateful::new();
    let (_, variables) =
        model.apply_mut(&Variables::new(), Options::new().mutable("state"), |m| m.call(true)).unwrap();
    model.apply(&variables, (), |m| m.call(false)).unwrap();
}

#[module]
struct Writes {}

#[compact]
impl Writes {
    fn call(&self) {
        self.put_variable("state", "test", 123.0f32);
    }
}

/// Flax, of scopes: `test_mutate_undefined_collection`.
#[test]
fn init_writes_only_what_is_mutable() {
    let options = Options::from(Key::new(0)).mutable("params");
    let error = Writes::new().init(options, Writes::call).unwrap_err();
    assert!(
        matches!(&error, Error::ImmutableCollection { collection, variable, .. } if collection == "state" && variable == "test"),
        "{error}"
    );
}

/// Flax, of scopes: `test_empty_col_error`, `test_variable_no_init`. A variable always has a first value here.
#[test]
fn a_variable_that_is_not_there() {
    let error = |variables: Variables| Stateful::new().apply(&variables, (), |m| m.call(false)).unwrap_err();
    let other = Map::new().with("abc", 1.0f32);
    for empty in
        [Variables::new(), Variables::from_params(other.clone()), Variables::new().with("state", Map::new())]
    {
        let error = error(empty);
        assert!(
            matches!(&error, Error::CollectionNotFound { collection, .. } if collection == "state"),
            "{error}"
        );
    }
    let error = error(Variables::new().with("state", other));
    assert!(matches!(&error, Error::VariableNotFound { variable, .. } if variable == "test"), "{error}");
}

/// Writes maps over maps.
#[module]
struct Aliased {
    a: Leaf,
}

#[module]
struct Leaf {}

#[compact]
impl Leaf {
    fn put(&self, value: f32) {
        self.put_variable("state", "x", value);
    }
    fn get(&self) -> Tensor {
        self.get_variable("state", "x").and_then(|x| x.as_tensor().cloned()).unwrap()
    }
}

#[compact]
impl Aliased {
    fn call(&self) -> Tensor {
        self.a.put(0.0);
        self.put_variable("state", "a", Map::new().with("x", 1.0f32).with("y", 2.0f32));
        let seen = self.a.get();
        self.a.put(3.0);
        let a = self.get_variable("state", "a").unwrap();
        assert_eq!(a["x"].as_tensor().unwrap().item::<f32>().unwrap(), 3.0);
        seen
    }
}

/// Flax, of scopes: `test_variable_alias`.
#[test]
fn a_module_sees_what_its_holder_writes_for_it() {
    let options = Options::new().mutable("state");
    let (seen, updates) =
        Aliased::new(Leaf::new()).apply_mut(&Variables::new(), options, Aliased::call).unwrap();
    assert_eq!(numbers(&seen), [1.0]);
    assert_eq!(paths(&updates), ["state/a/x", "state/a/y"]);
    assert_eq!((at(&updates, "state/a/x"), at(&updates, "state/a/y")), (vec![3.0], vec![2.0]));
}

/// A variable's value may be any tree of tensors.
#[test]
fn a_variable_that_is_a_map_or_a_tuple() {
    #[compact]
    fn keeps() -> Tensor {
        let cache = metamlp::variable("cache", "kv", || {
            Map::new().with("key", 1.0f32).with("lengths", vec![Entry::from(2i32), Entry::from(3i32)])
        });
        let entry = cache.entry().unwrap();
        cache.set(Map::new().with("key", 5.0f32));
        entry["key"].as_tensor().unwrap().clone()
    }
    let (y, variables) = keys_of(&keeps());
    assert_eq!(y, 1.0);
    assert_eq!(
        variables.to_string(),
        "cache:\n  kv:\n    key: f32[]\n    lengths:\n      - 0: i32[]\n      - 1: i32[]"
    );
    assert_eq!(at(&variables, "cache/kv/key"), [5.0]);

    fn keys_of(model: &Keeps) -> (f32, Variables) {
        let (y, variables) = model.init_with_output((), Keeps::call).unwrap();
        (y.item().unwrap(), variables)
    }
}

/// A handle outlives the call that declared it, and speaks of the same variable.
#[test]
fn a_handle_is_kept() {
    #[module]
    struct Counter {}
    #[compact]
    impl Counter {
        fn declare(&self) -> metamlp::Variable {
            self.variable("stats", "n", || 0.0f32)
        }
        fn call(&self) -> Tensor {
            let n = self.declare();
            n.update(|n| n + 1.0);
            n.update(|n| n + 1.0);
            n.get()
        }
    }
    #[compact]
    fn outer(#[field] counter: Counter) -> Tensor {
        let n = counter.declare();
        n.set(10.0f32);
        let two = counter.call();
        n.get() + two
    }
    let (y, variables) = outer(Counter::new()).init_with_output((), Outer::call).unwrap();
    assert_eq!(numbers(&y), [24.0]);
    assert_eq!(at(&variables, "stats/counter/n"), [12.0]);
}
