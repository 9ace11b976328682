//! Panics in a user's code, wherever it is called from: the panic comes
//! through, and nothing of the call is left.

use std::panic::{AssertUnwindSafe, catch_unwind};

use metamlp::prelude::*;
use metamlp::{Error, param, variable};
use metamlp::{Map, Scope};

use super::support::{at, created, numbers, paths};

fn x() -> Tensor {
    Tensor::ones([3], F32)
}

fn panicking<R>(f: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
    assert_eq!(Scope::current().path(), "");
    assert!(!Scope::current().is_initializing() && !Scope::current().has_rng("params"));
    // A module that is made now has no parent.
    let variables = created(&Dense::new(2), |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/bias", "params/kernel"]);
}

#[test]
fn in_an_initializer() {
    #[compact]
    fn model(x: &Tensor) -> Tensor {
        let init = Initializer::new(|_, _, _| panic!("a user's panic"));
        x + param("w", init, [3])
    }
    panicking(|| model().init(Key::new(0), |m| m.call(&x())));
    // Where it is not needed it does not run.
    let variables = Variables::from_params(Map::new().with("w", Tensor::ones([3], F32)));
    assert_eq!(numbers(&model().apply(&variables, (), |m| m.call(&x())).unwrap()), [2.0; 3]);
}

#[test]
fn in_the_first_value_of_a_variable_and_in_its_update() {
    #[compact]
    fn model(x: &Tensor, at_first: bool) -> Tensor {
        let count = variable("stats", "count", || {
            assert!(!at_first, "a user's panic");
            0.0f32
        });
        count.update(|n| {
            assert!(at_first, "a user's panic");
            n
        });
        x + count.get()
    }
    panicking(|| model().init((), |m| m.call(&x(), true)));
    panicking(|| model().init((), |m| m.call(&x(), false)));
}

#[test]
fn in_an_interceptor_and_in_a_choice_of_what_to_capture() {
    let model = Dense::new(2);
    let variables = created(&model, |m| m.call(&x()));
    let options = Options::new().intercept_methods(|_| panic!("a user's panic"));
    panicking(|| model.apply(&variables, options, |m| m.call(&x())));
    let options = Options::new().capture_intermediates(Capture::only(|_, _| panic!("a user's panic")));
    panicking(|| model.apply_mut(&variables, options, |m| m.call(&x())));
}

#[test]
fn in_sown_sums_and_in_a_gradient() {
    #[compact]
    fn sums(x: &Tensor) -> Tensor {
        let zero = || Tensor::zeros([], F32);
        Scope::current().sow_with("losses", "l", x, zero, |_, _| panic!("a user's panic"));
        x.clone()
    }
    panicking(|| sums().init((), |m| m.call(&x())));
    #[compact]
    fn differentiates(x: &Tensor) -> Tensor {
        let dense = Dense::new(1);
        let loss = |x: &Tensor| -> metamlp::tensor::Result<Tensor> {
            let _ = dense.call(x);
            panic!("a user's panic")
        };
        grad(x, loss).unwrap_or_else(|_| x.clone())
    }
    panicking(|| differentiates().init(Key::new(0), |m| m.call(&x())));
}

/// Drops whatever happens, also while unwinding: it calls a module.
struct CallsOnDrop(Dense);

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        let _ = self.0.call(&Tensor::ones([3], F32));
    }
}

#[test]
fn a_drop_that_calls_modules() {
    #[compact]
    fn model(x: &Tensor, wrong: bool) -> Tensor {
        let _guard = CallsOnDrop(Dense::new(2).use_bias(false));
        assert!(!wrong, "a user's panic");
        x.clone()
    }
    assert_eq!(paths(&created(&model(), |m| m.call(&x(), false))), ["params/Dense_0/kernel"]);
    panicking(|| model().init(Key::new(0), |m| m.call(&x(), true)));
}

/// A panic that a module catches itself: the call goes on.
#[test]
fn caught_inside_of_the_model() {
    #[compact]
    fn careless(x: &Tensor) -> Tensor {
        let y = Dense::new(3).use_bias(false).call(x);
        assert!(x.size() > 100, "a user's panic");
        y
    }
    #[compact]
    fn careful(x: &Tensor) -> Tensor {
        let careless = Careless::new();
        let y = catch_unwind(AssertUnwindSafe(|| careless.call(x))).unwrap_or_else(|_| x.clone());
        assert_eq!(Scope::current().path(), "");
        Dense::new(2).use_bias(false).call(&y)
    }
    let model = careful();
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/Careless_0/Dense_0/kernel", "params/Dense_0/kernel"]);
    let twice = |m: &Careful| m.call(&x()) + m.call(&x());
    let once = numbers(&model.apply(&variables, (), |m| m.call(&x())).unwrap());
    let sum: Vec<f32> = once.iter().map(|y| y + y).collect();
    assert_eq!(numbers(&model.apply(&variables, (), twice).unwrap()), sum);
}

/// A bound model forgets the error of a call that panicked.
#[test]
fn a_mistake_before_a_panic_is_not_told_of_the_next_call() {
    #[compact]
    fn model(x: &Tensor, wrong: bool) -> Tensor {
        if wrong {
            let _ = param("missing", initializers::ones(), [3]);
            panic!("a user's panic");
        }
        x + param("w", initializers::ones(), [3])
    }
    let variables = created(&model(), |m| m.call(&x(), false));
    let model = model();
    let bound = model.bind(&variables, ());
    panicking(|| bound.run(|m| m.call(&x(), true)));
    assert_eq!(numbers(&bound.run(|m| m.call(&x(), false)).unwrap()), [2.0; 3]);
    assert_eq!(at(&bound.variables(), "params/w"), [1.0; 3]);
    assert!(matches!(
        model.apply(&Variables::new(), (), |m| m.call(&x(), false)),
        Err(Error::CollectionNotFound { .. })
    ));
}
