//! Scopes and variables that are used after their `init` or `apply`.

use std::sync::Mutex;

use metamlp::Scope;
use metamlp::prelude::*;
use metamlp::{Error, Variable};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

/// The scope and variable that a careless module keeps.
#[derive(Default)]
struct Kept {
    scope: Option<Scope>,
    variable: Option<Variable>,
}

#[module]
struct Careless {}

#[compact]
impl Careless {
    fn call(&self, x: &Tensor, kept: &Mutex<Kept>) -> Tensor {
        let variable = self.variable("stats", "n", || 1.0f32);
        let y = x * variable.get();
        *kept.lock().unwrap() = Kept { scope: Some(Scope::current()), variable: Some(variable) };
        y
    }
}

fn kept() -> Kept {
    let kept = Mutex::default();
    Careless::new().init((), |m| m.call(&x(), &kept)).unwrap();
    kept.into_inner().unwrap()
}

/// Flax: `InvalidScopeError`.
#[test]
fn a_kept_scope_has_nothing_to_give() {
    let Kept { scope, variable } = kept();
    let scope = scope.unwrap();
    let line = line!() + 1;
    let error = Error::from(scope.param("w", initializers::ones(), [3]).evaluate().unwrap_err());
    assert!(matches!(error, Error::EndedScope { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "Careless (metamlp-core/tests/core/ended_scope.rs:{line}): the parameter `w` was requested from a scope \
             whose init or apply has ended: make the request before the method returns, and keep its result"
        )
    );
    assert!(scope.make_rng("params").words().is_err());
    assert!(variable.unwrap().get().evaluate().is_err());
    assert!(scope.enter(|| Dense::new(2).call(&x())).evaluate().is_err());
}

#[test]
fn a_running_model_returns_the_error() {
    #[compact]
    fn writes(x: &Tensor, kept: &Mutex<Kept>) -> Tensor {
        if let Some(variable) = &kept.lock().unwrap().variable {
            variable.set(2.0f32);
        }
        x.clone()
    }
    let kept = Mutex::new(kept());
    let error = writes().init((), |m| m.call(&x(), &kept)).unwrap_err();
    assert!(matches!(&error, Error::EndedScope { .. }), "{error}");
    assert!(error.to_string().contains("writing the variable `stats/n`"), "{error}");
}

#[test]
fn between_the_runs_of_a_bound_model_a_scope_rests() {
    let kept = Mutex::default();
    let bound = Careless::new().bind(&Variables::new(), Options::new().mutable("stats"));
    bound.run(|m| m.call(&x(), &kept)).unwrap();
    let Kept { scope, variable } = kept.into_inner().unwrap();
    let (scope, variable) = (scope.unwrap(), variable.unwrap());
    scope.put_variable("stats", "n", 7.0f32);
    let y = bound.run(|m| m.call(&x(), &Mutex::default()) * variable.get()).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap()[0], 1.0);
}
