//! One name means one thing. More tests are in `tests/core/naming.rs`.

use metamlp::error::Kind;
use metamlp::prelude::*;
use metamlp::{Error, param, sow, variable};

use super::support::{created, numbers, paths};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

#[track_caller]
fn in_use<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor, wanted: Kind, taken: Kind) {
    let options = Options::from(Key::new(0)).mutable(true);
    let error = model.init(options, f).unwrap_err();
    assert!(
        matches!(&error, Error::NameInUse { wanted: w, taken: t, .. } if (*w, *t) == (wanted, taken)),
        "{error}"
    );
    assert_eq!(error.to_string().matches("collisions.rs:").count(), 2, "{error}");
}

/// Flax: `test_setattr_name_var_disagreement_allowed_in_lists`, `.._in_dicts`.
#[test]
fn parameters_are_kept_in_a_list_under_their_own_names() {
    #[compact]
    fn dummy(x: &Tensor) -> Tensor {
        let biases: Vec<_> =
            (0..4).map(|i| param(&format!("bias_{i}"), initializers::ones(), x.shape())).collect();
        x + &biases[0]
    }
    let one = Tensor::ones([1], F32);
    let (y, variables) = dummy().init_with_output(Key::new(0), |m| m.call(&one)).unwrap();
    assert_eq!(numbers(&y), [2.0]);
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["bias_0", "bias_1", "bias_2", "bias_3"]);
}

/// Flax: `test_relaxed_intercollection_conflict`, `test_relaxed_intercollection_conflict_set`.
#[test]
fn a_name_may_be_in_two_collections_and_once_in_each() {
    #[compact]
    fn foo(x: &Tensor, #[field] again: bool) -> Tensor {
        let zeros = || Tensor::zeros(x.shape(), F32);
        let first = variable("col1", "v", zeros).get();
        let second = variable("col2", "v", zeros).get();
        let sum = x + first + second;
        if again { sum + variable("col1", "v", zeros).get() } else { sum }
    }
    assert_eq!(paths(&created(&foo(false).named("foo"), |m| m.call(&x()))), ["col1/v", "col2/v"]);
    in_use(&foo(true).named("foo"), |m| m.call(&x()), Kind::Variable, Kind::Variable);
}

/// Flax: `test_relaxed_python_conflict`: a hyper-parameter's name is free.
#[test]
fn a_variable_may_be_called_like_a_field_that_holds_no_module() {
    #[module]
    struct Foo {
        dummy: usize,
    }
    #[compact]
    impl Foo {
        fn call(&self, x: &Tensor) -> Tensor {
            x + self.param("dummy", initializers::zeros(), [self.dummy])
        }
    }
    assert_eq!(paths(&created(&Foo::new(3), |m| m.call(&x()))), ["params/dummy"]);
}

/// Flax, of `sow`: a `ValueError` where a submodule has the name.
#[test]
fn what_is_sown_needs_a_name_of_its_own() {
    #[compact]
    fn sows_like_a_field(x: &Tensor, #[field] inner: Dense) -> Tensor {
        sow("intermediates", "inner", x);
        inner.call(x)
    }
    in_use(&sows_like_a_field(Dense::new(3)), |m| m.call(&x()), Kind::Variable, Kind::Field);
    #[compact]
    fn sows_before_a_module(x: &Tensor) -> Tensor {
        sow("intermediates", "Dense_0", x);
        Dense::new(3).call(x)
    }
    in_use(&sows_before_a_module(), |m| m.call(&x()), Kind::Module, Kind::Variable);
}

/// `xs_1` is the second of `xs`, and another field.
#[test]
fn fields_may_not_get_one_name() {
    #[module]
    struct Clash {
        xs: Vec<Dense>,
        xs_1: Dense,
    }
    #[compact]
    impl Clash {
        fn call(&self, x: &Tensor) -> Tensor {
            self.xs_1.call(&self.xs[1].call(x))
        }
    }
    let dense = || Dense::new(3);
    in_use(&Clash::new(vec![dense(), dense()], dense()), |m| m.call(&x()), Kind::Field, Kind::Field);
    let single = Clash::new(vec![dense()], dense());
    assert_eq!(paths(&created(&single, |m| m.xs_1.call(&x()))), ["params/xs_1/bias", "params/xs_1/kernel"]);
}

/// A field's name is taken though the field was not called.
#[test]
fn a_named_module_may_not_be_called_like_a_field() {
    #[compact]
    fn named_like_a_field(x: &Tensor, #[field] inner: Dense) -> Tensor {
        let _ = inner;
        Dense::new(3).named("inner").call(x)
    }
    in_use(&named_like_a_field(Dense::new(3)), |m| m.call(&x()), Kind::Module, Kind::Field);
}

/// In a second call of the module its names are free again, but not within it.
#[test]
fn names_are_free_again_in_the_next_call() {
    #[compact]
    fn twice(x: &Tensor, #[field] wrong: bool) -> Tensor {
        let y = param("w", initializers::ones(), [3]) * x;
        if wrong { y + param("w", initializers::ones(), [3]) } else { y }
    }
    #[compact]
    fn outer(x: &Tensor, #[field] inner: Twice) -> Tensor {
        inner.call(&inner.call(x))
    }
    assert_eq!(paths(&created(&outer(twice(false)), |m| m.call(&x()))), ["params/inner/w"]);
    in_use(&outer(twice(true)), |m| m.call(&x()), Kind::Param, Kind::Param);
}
