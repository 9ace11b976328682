//! Each public function that can fail, in a wrong call whose error must name the caller's line.

mod functions;
mod layers;
mod modules;

use std::path::Path;

use metamlp::prelude::*;

use crate::lines::{WrongCall, forgotten, misplaced, wrong};

/// Reading inside of `jit`.
fn reads() -> Vec<WrongCall> {
    let one = || Tensor::scalar(1f32);
    vec![
        wrong("item", || jit(|x: Tensor| Ok(&x * f64::from(x.item::<f32>()?)))(one())),
        wrong("to_vec", || jit(|x: Tensor| Ok(&x * f64::from(x.to_vec::<f32>()?[0])))(one())),
        wrong("words", || jit(|key: Key| key.words().map(|_| Tensor::scalar(1)))(Key::new(0))),
    ]
}

fn wrong_calls() -> Vec<WrongCall> {
    let topics = [
        functions::activations(),
        functions::attention(),
        functions::initializers(),
        functions::data(),
        layers::layers(),
        modules::requests(),
        modules::methods(),
        modules::checkpoints(),
    ];
    topics.into_iter().flatten().collect()
}

/// Functions without an error, by the reason.
const CANNOT_FAIL: &[(&str, &[&str])] = &[
    (
        "called by the macros, not by programs",
        &[
            "Anything::*",
            "BoundArguments::*",
            "Call::*",
            "Handle::*",
            "IntoArgument::*",
            "Lend::*",
            "Loaned::*",
            "Opaque::*",
            "Parameter::*",
            "Probe::*",
            "Seen::*",
            "Submodules::*",
            "Whole::*",
            "Methods::methods",
            "field",
            "Method::*",
        ],
    ),
    (
        "settings and values that are read or wrapped",
        &[
            "Argument::none",
            "AttentionOptions::new",
            "BatchApply::new",
            "Batches::examples",
            "Batches::in_order",
            "Batches::is_empty",
            "Batches::len",
            "Bound::unbind",
            "Bound::variables",
            "Capture::only",
            "DenyList::new",
            "Entry::as_map",
            "Entry::as_tensor",
            "Entry::as_tuple",
            "Entry::from_tree",
            "Entry::get",
            "Filter::*",
            "Initializer::name",
            "Inputs::*",
            "Map::*",
            "Tuple::*",
            "Names::nearest",
            "Options::*",
            "Output::entry",
            "Pooling::new",
            "RNNCell::num_feature_axes",
            "Rngs::*",
            "Row::*",
            "Size::*",
            "Spec::*",
            "Table::*",
            "TrainState::new",
            "TrainState::variables",
            "Variables::*",
            "group_collections",
            "map_variables",
        ],
    ),
    (
        "takes tensors of all shapes and dtypes",
        &[
            "celu",
            "celu_with_alpha",
            "elu",
            "elu_with_alpha",
            "gelu",
            "gelu_exact",
            "hard_sigmoid",
            "hard_silu",
            "hard_swish",
            "leaky_relu",
            "leaky_relu_with_slope",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "softplus",
            "swish",
            "tanh",
        ],
    ),
    (
        "a running module has an answer",
        &[
            "Scope::has_rng",
            "Scope::is_mutable_collection",
            "Variable::is_mutable",
            "Module::get_variable",
            "Module::has_rng",
            "Module::has_variable",
            "Module::is_initializing",
            "Module::is_mutable_collection",
            "Module::name",
            "Module::path",
            "Module::variables",
            "Module::with",
            "Scope::current",
            "Scope::is_initializing",
            "Scope::name",
            "Scope::path",
            "Scope::variables",
            "get_variable",
            "has_rng",
            "has_variable",
            "is_initializing",
            "is_mutable_collection",
            "name",
            "path",
            "variables",
        ],
    ),
    (
        "only the function that it is given can fail",
        &["Epoch::prefetch", "MethodCall::*", "Scope::enter", "intercept_methods"],
    ),
];

#[test]
fn an_error_names_the_callers_line() {
    let misplaced = misplaced(&[wrong_calls(), reads()].concat());
    assert!(misplaced.is_empty(), "{misplaced:#?}");
}

#[test]
fn every_public_function_that_can_fail_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forgotten = forgotten(&source, &wrong_calls(), CANNOT_FAIL);
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
