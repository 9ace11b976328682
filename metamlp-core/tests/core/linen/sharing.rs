//! Modules that are handed about: as arguments, as results, to closures and to
//! threads, and called from wherever.

use std::sync::{Arc, OnceLock};
use std::thread;

use metamlp::Scope;
use metamlp::prelude::*;
use metamlp::{intercept_methods, param};

use super::support::{created, numbers, paths};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

fn dense() -> Dense {
    Dense::new(3).use_bias(false)
}

/// Runs a module that it is given.
#[module]
struct Runner {}

#[compact]
impl Runner {
    fn call(&self, layer: &Dense, x: &Tensor) -> Tensor {
        layer.call(&dense().call(x))
    }
    fn run(&self, f: impl FnOnce(&Tensor) -> Tensor, x: &Tensor) -> Tensor {
        f(&dense().call(x))
    }
}

#[test]
fn an_argument_belongs_to_the_caller() {
    #[compact]
    fn hands_down(x: &Tensor) -> Tensor {
        Runner::new().call(&dense(), x)
    }
    assert_eq!(
        paths(&created(&hands_down(), |m| m.call(&x()))),
        ["params/Dense_0/kernel", "params/Runner_0/Dense_0/kernel"]
    );
    #[compact]
    fn hands_a_field_down(x: &Tensor, #[field] inner: Dense) -> Tensor {
        inner.call(&Runner::new().call(&inner, x))
    }
    assert_eq!(
        paths(&created(&hands_a_field_down(dense()), |m| m.call(&x()))),
        ["params/Runner_0/Dense_0/kernel", "params/inner/kernel"]
    );
}

/// As in Flax: the module that runs when it is made.
#[test]
fn what_a_closure_makes_belongs_to_the_one_that_calls_it() {
    #[compact]
    fn hands_a_closure_down(x: &Tensor) -> Tensor {
        let made_here = dense();
        Runner::new().run(|x| dense().call(&made_here.call(x)), x)
    }
    assert_eq!(
        paths(&created(&hands_a_closure_down(), |m| m.call(&x()))),
        ["params/Dense_0/kernel", "params/Runner_0/Dense_0/kernel", "params/Runner_0/Dense_1/kernel"]
    );
}

/// A module that is made once and for all, in the middle of a call.
#[test]
fn a_module_kept_from_an_earlier_call_is_adopted_anew() {
    static KEPT: OnceLock<Dense> = OnceLock::new();
    #[compact]
    fn keeps(x: &Tensor) -> Tensor {
        let x = dense().call(x);
        KEPT.get_or_init(dense).call(&x)
    }
    for _ in 0..3 {
        let variables = created(&keeps(), |m| m.call(&m.call(&x())));
        assert_eq!(paths(&variables), ["params/Dense_0/kernel", "params/Dense_1/kernel"]);
    }
}

/// Not a module, so that what it holds is in no field.
#[derive(Clone, Debug)]
struct Held(Arc<Dense>);

#[test]
fn a_module_in_no_field_belongs_to_the_first_that_calls_it() {
    #[module]
    struct Part {
        held: Held,
    }
    #[compact]
    impl Part {
        fn call(&self, x: &Tensor) -> Tensor {
            self.held.0.call(x)
        }
    }
    #[module]
    struct Whole {
        a: Part,
        b: Part,
    }
    #[compact]
    impl Whole {
        fn call(&self, x: &Tensor) -> Tensor {
            self.a.call(&self.b.call(&self.a.call(x)))
        }
    }
    let held = Held(Arc::new(dense()));
    let model = Whole::new(Part::new(held.clone()), Part::new(held));
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/a/Dense_0/kernel"]);
    model.apply(&variables, (), |m| m.call(&m.call(&x()))).unwrap();
}

#[test]
fn one_instance_is_a_model_and_a_part_of_itself_elsewhere() {
    // The model applies its own part, with other variables.
    #[module]
    struct Twin {
        online: Dense,
        target: Variables,
    }
    #[compact]
    impl Twin {
        fn call(&self, x: &Tensor) -> Tensor {
            let own = self.online.call(x);
            let other = self.online.apply(&self.target, (), |m| m.call(x)).unwrap();
            own - other + self.online.call(x)
        }
    }
    let target = created(&dense(), |m| m.call(&x()));
    let model = Twin::new(dense(), target.clone());
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/online/kernel"]);
    let y = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    let online = Variables::from_params(variables["params"]["online"].as_map().unwrap().clone());
    let own = dense().apply(&online, (), |m| m.call(&x())).unwrap();
    let other = dense().apply(&target, (), |m| m.call(&x())).unwrap();
    assert_eq!(numbers(&y), numbers(&(&own - other + &own)));
}

#[test]
fn the_outer_model_is_called_inside_of_another_call() {
    #[compact]
    fn outer(x: &Tensor, #[field] inner: Dense) -> Tensor {
        let mine = dense();
        let theirs = inner.init(Key::new(1), |inner| mine.call(&inner.call(x))).unwrap();
        assert_eq!(paths(&theirs), ["params/kernel"]);
        inner.apply(&theirs, (), |inner| mine.call(&inner.call(x))).unwrap()
    }
    assert_eq!(paths(&created(&outer(dense()), |m| m.call(&x()))), ["params/Dense_0/kernel"]);
}

/// `grad` of a function that calls submodules, while the model is initialised and applied.
#[test]
fn a_gradient_inside_of_a_method() {
    #[compact]
    fn energy(x: &Tensor) -> Tensor {
        let count = metamlp::variable("stats", "calls", || 0.0f32);
        count.update(|n| n + 1.0);
        x.square().sum_all() * param("w", initializers::constant(3.0), [])
    }
    #[compact]
    fn force(x: &Tensor) -> Tensor {
        let energy = Energy::new();
        let once = grad(x, |x| metamlp::tensor::Result::Ok(energy.call(x))).unwrap();
        // Of the gradient too: a second derivative.
        grad(x, |x| {
            let force = grad(x, |x| metamlp::tensor::Result::Ok(energy.call(x)))?;
            metamlp::tensor::Result::Ok((force * x).sum_all())
        })
        .unwrap()
            + once
    }
    let model = force();
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/Energy_0/w", "stats/Energy_0/calls"]);
    let options = || Options::new().mutable("stats");
    let (y, updates) = model.apply_mut(&variables, options(), |m| m.call(&x())).unwrap();
    // 6x + 12x.
    assert_eq!(numbers(&y), [18.0; 6]);
    assert_eq!(super::support::at(&updates, "stats/Energy_0/calls"), [4.0]);
    // And the gradient of the whole with respect to its parameters.
    let gradient = grad(variables.params(), |params| {
        let variables = variables.clone().with_params(params.clone());
        let (y, _) = model.apply_mut(&variables, options(), |m| m.call(&x()))?;
        metamlp::tensor::Result::Ok(y.sum_all())
    })
    .unwrap();
    assert_eq!(numbers(gradient["Energy_0"]["w"].as_tensor().unwrap()), [36.0]);
}

#[test]
fn a_module_is_called_on_other_threads_with_its_scope() {
    #[compact]
    fn parallel(x: &Tensor) -> Tensor {
        let layers: Vec<Dense> = (0..4).map(|_| dense()).collect();
        let scope = Scope::current();
        let outputs: Vec<Tensor> = thread::scope(|threads| {
            let spawn = |layer| {
                let scope = &scope;
                threads.spawn(move || scope.enter(|| Dense::call(layer, x)))
            };
            let running: Vec<_> = layers.iter().map(spawn).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        outputs.into_iter().fold(x.clone(), |sum, y| sum + y)
    }
    let first = created(&parallel(), |m| m.call(&x()));
    assert_eq!(
        paths(&first),
        ["params/Dense_0/kernel", "params/Dense_1/kernel", "params/Dense_2/kernel", "params/Dense_3/kernel"]
    );
    for _ in 0..10 {
        let again = created(&parallel(), |m| m.call(&x()));
        for path in paths(&first) {
            assert_eq!(super::support::at(&again, &path), super::support::at(&first, &path), "{path}");
        }
    }
}

#[test]
fn an_interceptor_may_call_modules() {
    #[compact]
    fn adds_a_layer(x: &Tensor) -> Tensor {
        let extra = dense();
        intercept_methods(
            move |call| {
                let is_inner = call.module().path != "Dense_0";
                let output = call.proceed();
                if is_inner { output.map(|y| extra.call(y)) } else { output }
            },
            || dense().call(x),
        )
    }
    assert_eq!(
        paths(&created(&adds_a_layer(), |m| m.call(&x()))),
        ["params/Dense_0/kernel", "params/Dense_1/kernel"]
    );
}
