//! Modules for metamlp: Flax Linen's way of writing neural networks.
//!
//! A [`Module`] is a value made of hyper-parameters. [`Module::init`] creates
//! its [`Variables`], [`Module::apply`] runs it with them. Inside a module's
//! methods, submodules are made where they are used and get their names from
//! the running [`Scope`].
//!
//! This crate uses tensors by their public methods only.

extern crate self as metamlp;

pub mod activations;
mod argument;
pub mod checkpoint;
pub mod data;
pub mod error;
pub mod initializers;
pub mod layers;
pub mod lift;
mod module;
mod nearest;
mod scope;
pub mod summary;
mod train_state;
mod variables;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

pub use error::{Error, Result};
pub use initializers::initializer::Initializer;
pub use layers::{Cell, Layer, Pooling, Sizes};
pub use module::Module;
pub use module::bind::Bound;
pub use module::capture::Capture;
pub use module::functions::{
    get_variable, has_rng, has_variable, intercept_methods, is_initializing, is_mutable_collection, make_rng,
    name, param, path, perturb, put_variable, share_scope, sow, sow_with, variable, variables,
};
pub use module::options::Options;
pub use names::*;
pub use scope::Scope;
pub use scope::rngs::Rngs;
pub use train_state::TrainState;
pub use variables::Variables;
pub use variables::entry::Entry;
pub use variables::filter;
pub use variables::filter::{DenyList, Filter};
pub use variables::map::Map;
pub use variables::spec::Spec;
pub use variables::tuple::Tuple;
pub use variables::variable::Variable;

pub use metamlp_optim as optim;
pub use metamlp_optim::{losses, metrics};

pub use metamlp_tensor::random::{self, Key};
pub use metamlp_tensor::{
    BF16, BOOL, DType, F16, F32, F64, I32, Plan, Tensor, Tree, U32, evaluate, grad, jit, value_and_grad,
    value_and_grad_with_aux, with_threads,
};

pub use metamlp_macros::{Tree, compact, module};

/// Calls of a module's methods by name: [`Module::invoke`] and [`args!`].
pub mod invoke {
    pub use crate::module::invoke::{Argument, Arguments, Invocable, InvokeProblem, Method, Methods};
}

/// The types of interceptors: [`intercept_methods`] and [`Options::intercept_methods`].
pub mod intercept {
    pub use crate::module::capture::ModuleInfo;
    pub use crate::module::inputs::{Input, Inputs};
    pub use crate::module::intercept::{MethodCall, Output};
}

/// The layers, which are in the root and in the prelude.
mod names {
    pub use crate::layers::{
        AttentionOptions, AxisList, BatchApply, BatchNorm, Bidirectional, Conv, ConvLSTMCell, ConvLocal,
        ConvPadding, ConvTranspose, Dense, DenseGeneral, Dropout, Einsum, Embed, GRUCell, GroupNorm,
        InstanceNorm, LSTMCell, LayerNorm, MGUCell, MultiHeadDotProductAttention, OptimizedLSTMCell, PReLU,
        RMSNorm, RNN, RNNCell, Sequential, SimpleCell, SpectralNorm, WeightNorm, avg_pool, combine_masks,
        dot_product_attention, dot_product_attention_weights, flip_sequences, make_attention_mask,
        make_attention_mask_with, make_causal_mask, max_pool, min_pool,
    };
}

/// The names that most programs use: modules and their variables, layers,
/// activations, training, tensors.
///
/// Activations whose names are likely to clash (`normalize`, `standardize`,
/// `one_hot`, `tanh`) are in [`activations`]; types that
/// configure a layer or are named rarely ([`Map`],
/// [`Scope`], [`Filter`], [`Spec`],
/// [`Pooling`] and others) are in the root.
pub mod prelude {
    pub use crate::activations::{
        celu, celu_with_alpha, elu, elu_with_alpha, gelu, gelu_exact, glu, hard_sigmoid, hard_silu,
        hard_swish, hard_tanh, leaky_relu, leaky_relu_with_slope, log_sigmoid, log_softmax, logsumexp, relu,
        relu6, selu, sigmoid, silu, soft_sign, softmax, softplus, swish,
    };
    pub use crate::names::*;
    pub use crate::{
        Bound, Capture, DenyList, Entry, Initializer, Module, Options, Rngs, TrainState, Variables, args,
        initializers, losses, metrics, optim,
    };
    pub use metamlp_macros::{Tree, compact, module};
    pub use metamlp_tensor::random::{self, Key};
    pub use metamlp_tensor::{
        BF16, BOOL, DType, F16, F32, F64, I32, Tensor, Tree, U32, evaluate, grad, jit, value_and_grad,
        value_and_grad_with_aux,
    };
}
