//! The methods of modules, scopes and variables in wrong calls.

use std::cell::RefCell;

use metamlp::initializers::zeros;
use metamlp::invoke::Arguments;
use metamlp::lift::map_variables;
use metamlp::prelude::*;
use metamlp::{Map, Result, Scope, Variable};

use crate::lines::{WrongCall, wrong};

/// A module that asks its scope for what `ask` says.
#[module]
struct Asking {
    dense: Dense,
}

#[compact]
impl Asking {
    fn call(&self, ask: fn(&Self)) -> Tensor {
        ask(self);
        Tensor::scalar(1)
    }

    fn leak(&self, x: &Tensor) -> Tensor {
        let leaked = (Scope::current(), self.variable("params", "w", || 1.0f32));
        LEAKED.with_borrow_mut(|place| *place = Some(leaked));
        x.clone()
    }
}

/// A struct that hides a module.
#[derive(Clone, Debug)]
struct Held(Dense);

#[module]
struct Holder {
    held: Held,
}

thread_local! {
    static LEAKED: RefCell<Option<(Scope, Variable)>> = const { RefCell::new(None) };
}

/// The scope of an `apply` that has ended, and its variable `w`.
fn leaked() -> (Scope, Variable) {
    let variables = Variables::from_params(Map::new().with("w", 1.0f32));
    Asking::new(Dense::new(2)).apply(&variables, (), |m| m.leak(&one())).unwrap();
    LEAKED.with_borrow_mut(Option::take).unwrap()
}

fn ended() -> Scope {
    leaked().0
}

fn ended_variable() -> Variable {
    leaked().1
}

fn asks(ask: fn(&Asking)) -> Result<Tensor> {
    Asking::new(Dense::new(2)).apply(&Variables::new(), (), |m| m.call(ask))
}

/// `ask` in a call where the collections `intermediates` and `perturbations` are mutable.
fn asks_mut(ask: fn(&Asking)) -> Result<(Tensor, Variables)> {
    let options = Options::new().mutable(["intermediates", "perturbations"]);
    Asking::new(Dense::new(2)).apply_mut(&Variables::new(), options, |m| m.call(ask))
}

fn sum(a: &Tensor, b: &Tensor) -> Tensor {
    a + b
}

fn one() -> Tensor {
    Tensor::scalar(1)
}

pub(super) fn requests() -> Vec<WrongCall> {
    vec![
        wrong("Module::param", || asks(|m| drop(m.param("w", zeros(), [1])))),
        wrong("Module::variable", || asks(|m| drop(m.variable("params", "w", || 1.0f32)))),
        wrong("Module::make_rng", || asks(|m| drop(m.make_rng("noise")))),
        wrong("Module::sow", || {
            asks_mut(|m| {
                m.put_variable("intermediates", "w", Map::new());
                m.sow("intermediates", "w", 1.0f32);
            })
        }),
        wrong("Module::sow_with", || {
            asks_mut(|m| {
                m.put_variable("intermediates", "w", Map::new());
                m.sow_with("intermediates", "w", &one(), one, sum);
            })
        }),
        wrong("Module::perturb", || {
            asks_mut(|m| {
                m.put_variable("perturbations", "w", Map::new());
                drop(m.perturb("w", &one()));
            })
        }),
        wrong("Module::put_variable", || asks(|m| m.put_variable("params", "w", 1.0f32))),
        wrong("Module::share_scope", || {
            asks(|m| {
                drop(m.variable("intermediates", "w", || 1.0f32));
                m.share_scope(&m.dense);
            })
        }),
        wrong("param", || asks(|_| drop(metamlp::param("w", zeros(), [1])))),
        wrong("param", || metamlp::param("w", zeros(), [1])),
        wrong("variable", || asks(|_| drop(metamlp::variable("params", "w", || 1.0f32)))),
        wrong("variable", || metamlp::variable("params", "w", || 1.0f32).get()),
        wrong("make_rng", || asks(|_| drop(metamlp::make_rng("noise")))),
        wrong("make_rng", || metamlp::make_rng("noise").words()),
        wrong("sow", || {
            asks_mut(|m| {
                m.put_variable("intermediates", "w", Map::new());
                metamlp::sow("intermediates", "w", 1.0f32);
            })
        }),
        wrong("sow_with", || {
            asks_mut(|m| {
                m.put_variable("intermediates", "w", Map::new());
                metamlp::sow_with("intermediates", "w", &one(), one, sum);
            })
        }),
        wrong("perturb", || metamlp::perturb("a", &one())),
        wrong("put_variable", || asks(|_| metamlp::put_variable("params", "w", 1.0f32))),
        wrong("share_scope", || {
            asks(|m| {
                drop(metamlp::variable("intermediates", "w", || 1.0f32));
                metamlp::share_scope(&m.dense);
            })
        }),
        wrong("Scope::param", || asks(|_| drop(Scope::current().param("w", zeros(), [1])))),
        wrong("Scope::param", || ended().param("w", zeros(), [1])),
        wrong("Scope::variable", || asks(|_| drop(ended().variable("params", "w", || 1.0f32)))),
        wrong("Scope::make_rng", || asks(|_| drop(ended().make_rng("noise")))),
        wrong("Scope::sow", || {
            asks(|_| {
                ended().sow("intermediates", "w", 1.0f32);
            })
        }),
        wrong("Scope::sow_with", || {
            asks(|_| {
                ended().sow_with("intermediates", "w", &one(), one, sum);
            })
        }),
        wrong("Scope::perturb", || asks(|_| drop(ended().perturb("w", &one())))),
        wrong("Scope::get_variable", || asks(|_| drop(ended().get_variable("params", "w")))),
        wrong("Scope::has_variable", || {
            asks(|_| {
                let _ = ended().has_variable("params", "w");
            })
        }),
        wrong("Scope::put_variable", || asks(|_| ended().put_variable("params", "w", 1.0f32))),
        wrong("Scope::share_scope", || asks(|m| ended().share_scope(&m.dense))),
        wrong("Variable::get", || ended_variable().get()),
        wrong("Variable::get", || asks(|_| drop(ended_variable().get()))),
        wrong("Variable::entry", || asks(|_| drop(ended_variable().entry()))),
        wrong("Variable::set", || asks(|_| ended_variable().set(1.0f32))),
        wrong("Variable::update", || asks(|_| ended_variable().update(|x| x))),
    ]
}

pub(super) fn methods() -> Vec<WrongCall> {
    let (dense, x) = (&Dense::new(2), &Tensor::ones([1, 3], F32));
    let variables = &dense.init(Key::new(0), |m| m.call(x)).unwrap();
    let misspelt = || Options::from(Key::new(0)).mutable("parms");
    let reads: fn(&Asking) = |m| drop(m.get_variable("params", "w"));
    let asking = &Asking::new(Dense::new(2));
    let bound = asking.bind(&Variables::new(), ());
    let holder = Holder::new(Held(Dense::new(2))).bind(&Variables::new(), ());
    let key = Key::new(0);
    vec![
        wrong("Module::init", || dense.init((), |m| m.call(x))),
        wrong("Module::init", || asking.init(misspelt(), |m| m.call(reads))),
        wrong("Module::init", || {
            Asking::new(Dense::new(2)).init(&key, |_| Tensor::spec([2], F32).reshape([3]))
        }),
        wrong("Module::init_with_output", || asking.init_with_output(misspelt(), |m| m.call(reads))),
        wrong("Module::init_with_output", || {
            dense.init_with_output(&key, |m| m.call(&Tensor::spec([1, 3], F32)))
        }),
        wrong("Module::eval_shape", || asking.eval_shape(misspelt(), |m| m.call(reads))),
        wrong("Module::apply", || dense.apply(variables, misspelt(), |m| m.call(x))),
        wrong("Module::apply", || dense.apply(variables, (), |m| m.call(&Tensor::spec([1, 3], F32)))),
        wrong("Module::apply_mut", || dense.apply_mut(variables, misspelt(), |m| m.call(x))),
        wrong("Module::tabulate", || dense.tabulate((), |m| m.call(x))),
        wrong("Module::tabulate", || asking.tabulate(misspelt(), |m| m.call(reads))),
        wrong("Module::module_paths", || asking.module_paths(misspelt(), |m| m.call(reads))),
        wrong("Module::unused_variables", || dense.unused_variables(&Variables::new(), (), |m| m.call(x))),
        wrong("Module::invoke", || dense.apply(variables, (), |m| m.invoke("cal", args![x]))),
        wrong("Module::bind", || dense.bind(&Variables::new(), ()).run(|m| m.call(x))),
        wrong("Bound::run", || bound.run(|m| m.dense.call(x))),
        wrong("Bound::run", || dense.bind(variables, ()).run(|m| m.call(&Tensor::spec([1, 3], F32)))),
        wrong("Bound::at", || holder.at(|m| &m.held.0)),
        wrong("MapVariables::run", || {
            asks(|m| drop(map_variables("params").run(m, |m| m.param("w", zeros(), [1]))))
        }),
        wrong("Entry::into_tensor", || Entry::from(Map::new()).into_tensor()),
        wrong("Module::invoke", || dense.apply(variables, (), |m| m.invoke("call", Arguments::from([])))),
    ]
}

/// Checkpoints: the file's error and the line.
pub(super) fn checkpoints() -> Vec<WrongCall> {
    use metamlp::checkpoint::{load_safetensors, save_safetensors};
    let folder = std::env::temp_dir();
    let x = Tensor::ones([2], F32);
    let unnamed = || Map::new().with("a.b", x.clone());
    vec![
        wrong("load_safetensors", || load_safetensors(&folder, &x)),
        wrong("save_safetensors", || save_safetensors(&folder, &x)),
        wrong("save_safetensors", || save_safetensors(folder.join("metamlp_error_lines"), &unnamed())),
        wrong("save_safetensors", || {
            save_safetensors(folder.join("metamlp_error_lines"), &Tensor::spec([2], F32))
        }),
    ]
}
