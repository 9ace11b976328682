//! `Sequential`: values passed from layer to layer, names, errors. The cases of Flax's
//! `SequentialTest`, and more.

use metamlp::Error;
use metamlp::Map;
use metamlp::activations::tanh;
use metamlp::invoke::Methods;
use metamlp::layers::Layer;
use metamlp::prelude::*;

fn x() -> Tensor {
    Tensor::from_vec([3, 5], (0..15).map(|i| i as f32 * 0.1).collect())
}

fn dense(features: usize) -> Dense {
    Dense::new(features).kernel_init(initializers::ones())
}

fn names(variables: &Variables) -> Vec<&str> {
    variables.params().names().collect()
}

/// Reads a value and returns the query unchanged.
#[compact]
fn mix_tuple(query: &Tensor, key_value: &Tensor) -> (Tensor, Tensor) {
    let features = query.shape()[1];
    (query + Dense::new(features).call(&key_value.sum([0]).reshape([1, features])), key_value.clone())
}

#[derive(Clone, Tree)]
struct Mixed {
    key_value: Tensor,
    query: Tensor,
}

/// The same, by name and in another order.
#[compact]
fn mix_map(query: &Tensor, key_value: &Tensor) -> Mixed {
    let features = query.shape()[1];
    let query = query + Dense::new(features).call(&key_value.sum([0]).reshape([1, features]));
    Mixed { key_value: key_value.clone(), query }
}

/// Flax's `test_construction`.
#[test]
fn construction() {
    let sequential = Sequential::new().then(Dense::new(4)).then(Dense::new(2));
    let variables = sequential.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(sequential.apply(&variables, (), |m| m.call(&x())).unwrap().shape(), [3, 2]);
}

/// Flax's `test_fails_if_layers_empty`.
#[test]
fn fails_if_layers_empty() {
    let line = line!() + 1;
    let error = Sequential::new().init(Key::new(42), |m| m.call(&x())).unwrap_err();
    assert!(matches!(error, Error::EmptySequential { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "Sequential ({}:{line}): an empty `Sequential` has no output: add a layer with `.then(..)`",
            file!()
        )
    );
}

/// Flax's `test_same_output_as_mlp` and `test_same_output_as_mlp_with_activation`.
#[test]
fn same_output_as_mlp() {
    #[compact]
    fn mlp(x: &Tensor) -> Tensor {
        let x = relu(&dense(4).call(x));
        let x = relu(&dense(8).call(&x));
        tanh(&dense(2).call(&x))
    }
    let sequential = Sequential::new()
        .then(dense(4))
        .then_fn(relu)
        .then(dense(8))
        .then_fn(relu)
        .then(dense(2))
        .then_fn(tanh);
    let variables = sequential.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names(&variables), ["layers_0", "layers_2", "layers_4"]);
    let by_chain = sequential.apply(&variables, (), |m| m.call(&x())).unwrap();

    let variables = mlp().init(Key::new(0), |m| m.call(&x())).unwrap();
    let by_hand = mlp().apply(&variables, (), |m| m.call(&x())).unwrap();
    assert_eq!(by_chain.to_vec::<f32>().unwrap(), by_hand.to_vec::<f32>().unwrap());
}

/// Flax's `test_tuple_output`.
#[test]
fn tuple_output() {
    let sequential = Sequential::new().then(mix_tuple()).then(mix_tuple());
    let (query, key_value) = (x(), Tensor::ones([9, 5], F32));
    let variables = sequential.init(Key::new(0), |m| m.call_with(args![&query, &key_value])).unwrap();
    let output = sequential.apply(&variables, (), |m| m.call_with(args![&query, &key_value])).unwrap();
    let shapes: Vec<_> =
        output.as_tuple().unwrap().iter().map(|entry| entry.as_tensor().unwrap().shape()).collect();
    assert_eq!(shapes, [[3, 5], [9, 5]]);
}

/// Flax's `test_dict_output`.
#[test]
fn dict_output() {
    let sequential = Sequential::new().then(mix_map()).then(mix_map());
    let (query, key_value) = (x(), Tensor::ones([9, 5], F32));
    let variables = sequential.init(Key::new(0), |m| m.call_with(args![&query, &key_value])).unwrap();
    let output = sequential.apply(&variables, (), |m| m.call_with(args![&query, &key_value])).unwrap();
    assert_eq!(output["query"].as_tensor().unwrap().shape(), [3, 5]);
    assert_eq!(output["key_value"].as_tensor().unwrap().shape(), [9, 5]);
}

/// Flax's `test_sequential_compact`: modules created by a function among the layers belong to the
/// sequence.
#[test]
fn sequential_compact() {
    #[compact]
    fn same_size(x: &Tensor) -> Tensor {
        Sequential::new().then(Dense::new(4)).then_fn(|x| Dense::new(x.shape()[1] + 1).call(x)).call(x)
    }
    let variables = same_size().init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(
        variables.to_string(),
        "params:\n  Dense_0:\n    kernel: f32[5, 4]\n    bias: f32[4]\n  Sequential_0:\n    Dense_0:\n      kernel: \
         f32[4, 5]\n      bias: f32[5]"
    );
}

#[test]
fn a_chain_in_a_method_leaves_its_layers_to_the_module() {
    #[compact]
    fn two(x: &Tensor) -> Tensor {
        let x = Sequential::new().then(Dense::new(4)).then_fn(relu).then(Dense::new(2).named("last")).call(x);
        Dense::new(1).call(&x)
    }
    let variables = two().init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names(&variables), ["Dense_0", "last", "Dense_1"]);
}

#[test]
fn a_chain_in_a_field_names_its_layers() {
    #[module]
    struct Model {
        body: Sequential,
    }
    #[compact]
    impl Model {
        fn call(&self, x: &Tensor) -> Tensor {
            self.body.call(x)
        }
    }
    let body = Sequential::new().then_fn(relu).then(Dense::new(4)).then(Dense::new(2));
    let variables = Model::new(body).init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names(&variables), ["body"]);
    let layers: Vec<_> = variables["params"]["body"].as_map().unwrap().names().collect();
    assert_eq!(layers, ["layers_1", "layers_2"]);
}

#[test]
fn a_chain_of_chains_passes_tuples_on() {
    let inner = || Sequential::new().then(mix_tuple());
    let sequential = Sequential::new().then(inner()).then(inner()).then(mix_tuple());
    let (query, key_value) = (x(), Tensor::ones([9, 5], F32));
    let variables = sequential.init(Key::new(0), |m| m.call_with(args![&query, &key_value])).unwrap();
    assert_eq!(names(&variables), ["layers_0", "layers_1", "layers_2"]);
    assert!(variables.params().get("layers_1/layers_0/Dense_0/kernel").is_some());
    let signatures: Vec<_> = sequential.methods().iter().map(ToString::to_string).collect();
    assert_eq!(signatures, ["call(..) -> .."]);
    let output = sequential.apply(&variables, (), |m| m.invoke("call", args![&query, &key_value])).unwrap();
    assert_eq!(output.as_tuple().unwrap().len(), 2);
}

#[test]
fn a_clone_is_another_chain_of_other_layers() {
    #[compact]
    fn both(x: &Tensor) -> Tensor {
        let one = Sequential::new().then(Dense::new(5));
        one.clone().call(&one.call(x))
    }
    let variables = both().init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names(&variables), ["Dense_0", "Dense_1"]);
}

#[test]
fn layers_can_be_set_as_a_list() {
    let layers: Vec<Layer> = vec![Dense::new(4).into(), Layer::function(relu), Dense::new(2).into()];
    let sequential = Sequential::new().layers(layers);
    assert!(format!("{sequential:?}").contains("fn"));
    let variables = sequential.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names(&variables), ["layers_0", "layers_2"]);
}

#[test]
fn a_chain_is_captured_and_intercepted_as_a_call() {
    let sequential = Sequential::new().then_fn(|x| x * 2.0);
    let doubling = Options::new().capture_intermediates(true).intercept_methods(|call| {
        let inputs = call.inputs().clone().map(|_, x| x * 10.0);
        call.proceed_with(inputs).map(|y| y + 1.0)
    });
    let one = Tensor::scalar(1.0);
    let (y, updates) = sequential.apply_mut(&Variables::new(), doubling, |m| m.call(&one)).unwrap();
    assert_eq!(y.item::<f64>().unwrap(), 21.0);
    assert_eq!(updates["intermediates"]["call"][0].as_tensor().unwrap().item::<f64>().unwrap(), 21.0);
}

/// The message for a sequence of these layers on one tensor.
#[track_caller]
fn mistake(sequential: &Sequential) -> String {
    sequential.init(Key::new(0), |m| m.call(&x())).unwrap_err().to_string()
}

#[test]
fn layers_that_do_not_fit_are_told() {
    let message = mistake(&Sequential::new().then_fn(|x| (x.clone(), x.clone())).then(Dense::new(3)));
    assert!(message.starts_with(&format!("Sequential/layers_1 ({}:{}", file!(), line!() - 1)), "{message}");
    assert!(message.ends_with("it takes one argument, `call(x: &Tensor)`, and was given 2"), "{message}");

    let message = mistake(&Sequential::new().then_fn(|x| (x.clone(), x.clone())).then_fn(relu));
    assert!(
        message.contains("`Sequential::layers_1` cannot be invoked: a function takes one tensor"),
        "{message}"
    );
    assert!(message.contains("was given (Tensor, Tensor): write a `#[compact]` function"), "{message}");

    let message = mistake(
        &Sequential::new()
            .then_fn(|x| Mixed { query: x.clone(), key_value: x.clone() })
            .then(mix_tuple())
            .then_fn(|_: &Tensor| 1usize),
    );
    assert!(message.contains("`Sequential::layers_2` cannot be invoked"), "{message}");

    let message = mistake(&Sequential::new().then_fn(|x| Map::new().with("querry", x)).then(mix_tuple()));
    assert!(message.contains("it has no argument `querry`: did you mean `query`?"), "{message}");

    let message = mistake(&Sequential::new().then_fn(|_| 1usize));
    assert!(message.contains("the entry is a tuple of 0, a tensor was expected"), "{message}");
}
