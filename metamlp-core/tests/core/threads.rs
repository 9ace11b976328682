//! Modules on several threads and after a panic: scopes do not leak.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use metamlp::Scope;
use metamlp::prelude::*;
use metamlp::{Error, make_rng};
use rayon::prelude::*;

fn x(offset: f32) -> Tensor {
    Tensor::full([2, 3], f64::from(offset), F32)
}

#[compact]
fn noisy_mlp(x: &Tensor) -> Tensor {
    let x = Dense::new(8).call(x).tanh();
    let x = &x + random::normal(make_rng("noise"), x.shape());
    Dense::new(2).call(&x)
}

#[test]
fn one_model_is_applied_from_eight_threads() {
    let model = noisy_mlp();
    let variables = model.init(Key::new(0), |m| m.call(&x(0.0))).unwrap();
    let apply = |i: u8| {
        let options = Options::new().rng("noise", Key::new(i));
        model.apply(&variables, options, |m| m.call(&x(f32::from(i)))).unwrap().to_vec::<f32>().unwrap()
    };
    let expected: Vec<_> = (0..8).map(apply).collect();
    thread::scope(|threads| {
        for (i, expected) in (0..8).zip(&expected) {
            threads.spawn(move || (0..20).for_each(|_| assert_eq!(&apply(i), expected)));
        }
    });
}

#[compact]
fn panics(x: &Tensor, #[field] inner: Dense) -> Tensor {
    let y = inner.call(x);
    assert!(x.shape()[0] != 2, "a user's panic");
    y
}

#[test]
fn a_panic_leaves_no_scope_behind() {
    let model = panics(Dense::new(3));
    let panicked = catch_unwind(AssertUnwindSafe(|| model.init(Key::new(0), |m| m.call(&x(0.0)))));
    assert!(panicked.is_err());
    assert_eq!(Scope::current().path(), "");
    assert!(!Scope::current().is_initializing());
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::zeros([1, 3], F32))).unwrap();
    assert_eq!(variables["params"].names().collect::<Vec<_>>(), ["inner"]);

    // Also in the middle of another model.
    let outer = noisy_mlp();
    let variables = outer
        .init(Key::new(0), |m| {
            let inner = catch_unwind(AssertUnwindSafe(|| model.init(Key::new(0), |m| m.call(&x(0.0)))));
            assert!(inner.is_err());
            m.call(&x(0.0))
        })
        .unwrap();
    assert_eq!(variables["params"].names().collect::<Vec<_>>(), ["Dense_0", "Dense_1"]);
}

#[module]
struct Parallel {
    left: Dense,
    right: Dense,
}

#[compact]
impl Parallel {
    fn call(&self, x: &Tensor) -> Tensor {
        let scope = Scope::current();
        let (left, right) = thread::scope(|threads| {
            let left = threads.spawn(|| scope.enter(|| self.left.call(x)));
            let right = threads.spawn(|| scope.enter(|| self.right.call(x)));
            (left.join().unwrap(), right.join().unwrap())
        });
        left + right
    }
}

#[test]
fn a_scope_is_taken_to_other_threads() {
    let model = Parallel::new(Dense::new(2), Dense::new(2));
    let variables = model.init(Key::new(0), |m| m.call(&x(1.0))).unwrap();
    let y = model.apply(&variables, (), |m| m.call(&x(1.0))).unwrap();
    let part = |name: &str| {
        let part = Variables::from_params(variables["params"][name].as_map().unwrap().clone());
        Dense::new(2).apply(&part, (), |m| m.call(&x(1.0))).unwrap()
    };
    assert_eq!(y.to_vec::<f32>().unwrap(), (part("left") + part("right")).to_vec::<f32>().unwrap());
}

#[test]
fn a_thread_without_the_scope_is_outside() {
    #[compact]
    fn forgets(x: &Tensor) -> Tensor {
        thread::scope(|threads| threads.spawn(|| Dense::new(2).call(x)).join().unwrap())
    }
    let error = forgets().init(Key::new(0), |m| m.call(&x(1.0))).unwrap_err();
    assert!(matches!(error, Error::OutsideScope { class: "Dense", .. }), "{error}");
}

#[compact]
fn reads_inside(x: &Tensor) -> Tensor {
    let y = Dense::new(300).call(x);
    y.evaluate().unwrap();
    y
}

#[test]
fn a_stolen_task_finds_no_module_of_the_task_that_waits() {
    let (model, x) = (reads_inside(), Tensor::ones([300, 300], F32));
    let variables = model.init(Key::new(0), |m| m.call(&x)).unwrap();
    (0..64).into_par_iter().for_each(|_| {
        assert_eq!(Scope::current().path(), "");
        model.apply(&variables, (), |m| m.call(&x)).unwrap();
    });
}
