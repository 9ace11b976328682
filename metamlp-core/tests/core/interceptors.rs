//! `intercept_methods`: order of interceptors, and the tensors that they may
//! change. The names of Flax's own tests are in the tests' names.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use metamlp::intercept::{Input, MethodCall};
use metamlp::prelude::*;
use metamlp::{intercept_methods, sow};

fn x() -> Tensor {
    Tensor::ones([2], F32)
}

/// The methods in the order in which they were called, as `path.method`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }
    fn call(&self, call: &MethodCall<'_>) {
        self.add(format!("{}:{}.{}", call.module().class, call.module().path, call.method()));
    }
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[module]
struct Foo {
    inner: Inner,
}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor, scale: f64) -> Tensor {
        self.helper(&self.inner.call(x.clone()), None) * scale
    }

    fn helper(&self, x: &Tensor, mask: Option<&Tensor>) -> Tensor {
        match mask {
            Some(mask) => x * mask,
            None => x.clone(),
        }
    }

    #[nowrap]
    fn unseen(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

#[module]
struct Inner {}

#[compact]
impl Inner {
    fn call(&self, mut x: Tensor) -> Tensor {
        x = x + self.variable("state", "one", || Tensor::ones([], F32)).get();
        x
    }
}

fn foo() -> Foo {
    Foo::new(Inner::new())
}

fn run(options: Options) -> Vec<f32> {
    let variables = foo().init((), |m| m.call(&x(), 2.0)).unwrap();
    foo().apply(&variables, options, |m| m.call(&x(), 2.0)).unwrap().to_vec().unwrap()
}

#[test]
fn intercept_methods_tells_module_method_and_arguments() {
    let log = Log::default();
    let seen = log.clone();
    let options = Options::new().intercept_methods(move |call| {
        seen.call(&call);
        for (name, input) in call.inputs().iter() {
            seen.add(match input {
                Input::Tree(entry) => format!("{name}: {entry:?}"),
                Input::Value(value) => format!("{name}: {value}"),
                _ => String::new(),
            });
        }
        call.proceed()
    });
    assert_eq!(run(options), [4.0, 4.0]);
    assert_eq!(
        log.take(),
        ["Foo:.call", "x: f32[2]", "scale: 2", "Inner:inner.call", "x: f32[2]", "Foo:.helper", "x: f32[2]"]
    );
}

#[test]
fn intercept_methods_changes_arguments_and_output() {
    let options = Options::new().intercept_methods(|call| {
        let inputs = call.inputs().clone().map(|name, x| if name == "x" { x * 3.0 } else { x.clone() });
        call.proceed_with(inputs).map(|y| y + 10.0)
    });
    // call: 3, inner: 9 + 1 + 10 = 20, helper: 60 + 10 = 70, call: 140 + 10.
    assert_eq!(run(options), [150.0, 150.0]);
}

#[test]
fn intercept_methods_run_in_lifo_order() {
    let log = Log::default();
    let named = |name: &'static str| {
        let log = log.clone();
        move |call: MethodCall<'_>| {
            if call.module().class != "Inner" {
                return call.proceed();
            }
            log.add(format!("{name} begins"));
            let output = call.proceed();
            log.add(format!("{name} ends"));
            output
        }
    };
    run(Options::new().intercept_methods(named("outer")).intercept_methods(named("inner")));
    assert_eq!(log.take(), ["outer begins", "inner begins", "inner ends", "outer ends"]);
}

#[test]
fn intercept_methods_calling_underlying_method_passes_the_inner_ones_by() {
    let options = Options::new()
        .intercept_methods(|call| {
            let inputs = call.inputs().clone();
            call.call_method(inputs)
        })
        .intercept_methods(|call| call.proceed().map(|y| y * 100.0));
    assert_eq!(run(options), [4.0, 4.0]);
}

#[test]
fn intercept_methods_does_not_see_nowrap_methods_or_plain_functions() {
    let log = Log::default();
    let seen = log.clone();
    let options = Options::new().intercept_methods(move |call| {
        seen.call(&call);
        call.proceed()
    });
    foo().apply(&Variables::new(), options, |m| m.unseen(&x())).unwrap();
    assert!(log.take().is_empty());
}

#[test]
fn an_optional_loan_can_be_replaced_and_nothing_else_is_touched() {
    let options = Options::new().intercept_methods(|call| {
        let inputs = call.inputs().clone().map(|name, x| if name == "mask" { x * 0.0 } else { x.clone() });
        call.proceed_with(inputs)
    });
    let mask = x();
    let y = foo().apply(&Variables::new(), options, |m| m.helper(&x(), Some(&mask))).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), [0.0, 0.0]);
}

#[test]
fn capture_and_sow_see_what_an_interceptor_made() {
    let variables = foo().init((), |m| m.call(&x(), 2.0)).unwrap();
    let options = Options::new()
        .capture_intermediates(Capture::only(|module, _| module.class == "Inner"))
        .intercept_methods(|call| {
            if call.module().class == "Inner" {
                sow("intermediates", "mean", call.inputs().tree("x").unwrap().clone());
                return call.proceed().map(|y| y * 5.0);
            }
            call.proceed()
        });
    let (_, updates) = foo().apply_mut(&variables, options, |m| m.call(&x(), 2.0)).unwrap();
    let inner = &updates["intermediates"]["inner"];
    assert_eq!(inner["call"][0].as_tensor().unwrap().to_vec::<f32>().unwrap(), [10.0, 10.0]);
    assert_eq!(inner["mean"][0].as_tensor().unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[module]
struct Half {}

#[compact]
impl Half {
    fn call(&self, x: &Tensor) -> (Tensor, Tensor) {
        let intercepted =
            intercept_methods(|call| call.proceed().map(|y| y * 0.5), || Inner::new().call(x.clone()));
        (intercepted, Inner::new().call(x.clone()))
    }
}

#[test]
fn an_interceptor_inside_of_a_model_ends_with_its_function() {
    let (inner, after) = Half::new().init_with_output((), Half::call_ones).unwrap().0;
    assert_eq!(inner.to_vec::<f32>().unwrap(), [1.0, 1.0]);
    assert_eq!(after.to_vec::<f32>().unwrap(), [2.0, 2.0]);
    let outside = intercept_methods(|call| call.proceed().map(|y| y * 0.0), || Half::new().plain(&x()));
    assert_eq!(outside.to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

impl Half {
    fn call_ones(&self) -> (Tensor, Tensor) {
        self.call(&x())
    }
    fn plain(&self, x: &Tensor) -> Tensor {
        let _ = self;
        x.clone()
    }
}

#[test]
fn a_replaced_output_costs_nothing() {
    // The method's own output would be an error to compute.
    let options = Options::new().intercept_methods(|call| match call.method() {
        "helper" => call.proceed().map(|_| Tensor::zeros([2], F32)),
        _ => call.proceed(),
    });
    let huge = Tensor::spec([1 << 40, 2], F32);
    let y = foo().apply(&Variables::new(), options, |m| m.helper(&huge, None)).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), [0.0, 0.0]);
}

#[test]
fn intercepts_under_grad_and_on_another_thread() {
    let variables = foo().init((), |m| m.call(&x(), 2.0)).unwrap();
    let doubling = || Options::new().intercept_methods(|call| call.proceed().map(|y| y * 2.0));
    let gradient =
        grad(&x(), |x| Ok(foo().apply(&variables, doubling(), |m| m.call(x, 1.0))?.sum_all())).unwrap();
    assert_eq!(gradient.to_vec::<f32>().unwrap(), [8.0, 8.0]);
    let options = doubling();
    let elsewhere = std::thread::scope(|threads| {
        threads.spawn(|| foo().apply(&variables, options, |m| m.call(&x(), 1.0)).unwrap()).join().unwrap()
    });
    assert_eq!(elsewhere.to_vec::<f32>().unwrap(), [16.0, 16.0]);
}

#[test]
fn a_method_runs_though_its_interceptor_gives_back_an_output_kept_from_another_call() {
    let kept: Arc<Mutex<Option<metamlp::intercept::Output>>> = Arc::default();
    let interceptor = move |call: MethodCall<'_>| {
        if call.method() != "helper" {
            return call.proceed();
        }
        let before = kept.lock().unwrap().take();
        before.unwrap_or_else(|| {
            *kept.lock().unwrap() = Some(call.proceed());
            panic!("the output stays behind")
        })
    };
    let options = Options::new().intercept_methods(interceptor);
    assert!(std::panic::catch_unwind(AssertUnwindSafe(|| run(options.clone()))).is_err());
    assert_eq!(run(options), [4.0, 4.0]);
}
