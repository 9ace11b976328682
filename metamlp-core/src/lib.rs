//! Modules for metamlp: Flax Linen's way of writing neural networks.
//!
//! A [`Module`] is a value made of hyper-parameters. [`Module::init`] creates
//! its [`Variables`], [`Module::apply`] runs it with them. Inside of a module's
//! methods, submodules are made where they are used and get their names from
//! the [`Scope`] that is running.
//!
//! This crate knows tensors by their public methods and nothing of how they
//! are computed.

extern crate self as metamlp;

pub mod activations;
mod argument;
pub mod checkpoint;
pub mod data;
mod error;
pub mod initializers;
pub mod layers;
pub mod lift;
pub mod losses;
pub mod metrics;
mod module;
mod nearest;
pub mod optim;
mod scope;
pub mod summary;
mod train_state;
mod variables;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

pub use error::{Error, Kind, Line, Names, Result};
pub use initializers::initializer::Initializer;
pub use layers::*;
pub use module::Module;
pub use module::bind::Bound;
pub use module::capture::{Capture, ModuleInfo};
pub use module::functions::{
    get_variable, has_rng, has_variable, intercept_methods, is_initializing, is_mutable_collection, make_rng, name, param, path,
    perturb, put_variable, share_scope, sow, sow_with, variable, variables,
};
pub use module::inputs::{Input, Inputs};
pub use module::intercept::{MethodCall, Output};
pub use module::invoke::{Argument, Arguments, Invocable, InvokeProblem, Method, Methods};
pub use module::options::Options;
pub use scope::Scope;
pub use scope::rngs::Rngs;
pub use train_state::TrainState;
pub use variables::Variables;
pub use variables::entry::Entry;
pub use variables::filter;
pub use variables::filter::{DenyList, Filter};
pub use variables::map::Map;
pub use variables::spec::Spec;
pub use variables::variable::Variable;

pub use metamlp_tensor::random::{self, Key};
pub use metamlp_tensor::{
    BF16, BOOL, DType, Element, F16, F32, F64, I32, Plan, Tensor, Tree, U32, deferred, evaluate, grad,
    is_tracing, jit, value_and_grad, value_and_grad_with_aux, with_threads,
};

pub use metamlp_macros::{Tree, compact, module};

/// What most programs use.
pub mod prelude {
    pub use crate::activations::*;
    pub use crate::layers::*;
    pub use crate::{
        Bound, Capture, DenyList, Entry, Filter, Initializer, Map, Module, Options, Rngs, Scope, Spec,
        TrainState, Variables, args, initializers, losses, metrics, optim,
    };
    pub use metamlp_macros::{Tree, compact, module};
    pub use metamlp_tensor::random::{self, Key};
    pub use metamlp_tensor::{
        BF16, BOOL, DType, F16, F32, F64, I32, Tensor, Tree, U32, evaluate, grad, jit, value_and_grad,
        value_and_grad_with_aux,
    };
}
