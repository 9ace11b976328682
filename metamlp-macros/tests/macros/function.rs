//! `#[compact]` on a function: the struct, its constructor and its call.

#![warn(clippy::pedantic, missing_docs, unused_qualifications)]

use metamlp::prelude::*;

/// A number for each of its arguments.
#[compact]
#[allow(clippy::cast_precision_loss)]
pub fn mlp(
    /// The batch.
    ///
    /// Of any size.
    x: &Tensor,
    /// Width of the hidden layers.
    #[field]
    hidden: usize,
    #[field(default = 10 * hidden)] mut classes: usize,
    #[field(default = "mlp".to_owned())] label: String,
    offset: f64,
) -> Tensor {
    use std::ops::Add as _;
    classes += label.len();
    x.add(offset) * (hidden + classes) as f64
}

#[compact]
fn longest<'a>(x: &'a Tensor, y: &'a Tensor, #[field] bias: usize) -> &'a Tensor {
    if x.size() + bias > y.size() { x } else { y }
}

#[compact]
fn auto_encoder() {}

#[compact]
fn thrice(x: &Tensor, #[field] layer: Dense) -> Tensor {
    layer.call(&layer.clone().call(&layer.call(x)))
}

fn number(value: f64) -> Tensor {
    Tensor::scalar(value)
}

#[track_caller]
fn assert_number(x: &Tensor, expected: f64) {
    assert_eq!(x.item::<f64>().unwrap().to_bits(), expected.to_bits());
}

#[test]
fn a_function_is_a_struct_with_new_setters_and_call() {
    let model = Mlp::new(2).classes(3).label("");
    assert_eq!((model.hidden, model.classes), (2, 3));
    assert_number(&model.call(&number(1.0), 1.0), 10.0);
    // The fields are as they were, though the body changed its own copy.
    assert_number(&model.call(&number(1.0), 1.0), 10.0);
}

#[test]
fn the_function_itself_makes_the_module() {
    let model = mlp(2);
    assert_eq!(format!("{model:?}"), "Mlp { hidden: 2, classes: 20, label: \"mlp\" }");
}

#[test]
fn an_output_may_borrow_from_an_input() {
    let (x, y) = (Tensor::ones([1], F32), Tensor::ones([2], F32));
    assert_eq!(longest(0).call(&x, &y).shape(), [2]);
    assert_eq!(longest(2).call(&x, &y).shape(), [1]);
}

#[test]
fn a_function_without_arguments_is_a_module_too() {
    auto_encoder().call();
    AutoEncoder::default().named("other").call();
}

#[test]
fn a_module_in_a_field_is_the_same_in_every_call_of_the_body() {
    let variables = thrice(Dense::new(3)).init(Key::new(0), |m| m.call(&Tensor::ones([2, 3], F32))).unwrap();
    let names: Vec<_> = variables.params().names().collect();
    assert_eq!(names, ["layer", "Dense_0"], "the clone alone is another module");
}

#[test]
fn functions_can_be_local_and_come_from_macros() {
    macro_rules! scaled {
        ($function:ident, $scale:ident) => {
            #[compact]
            fn $function(x: &Tensor, #[field] $scale: f64) -> Tensor {
                x * $scale
            }
        };
    }
    scaled!(local, scale);
    assert_number(&local(2.0).call(&number(3.0)), 6.0);
    assert_number(&Local::new(2.0).call(&number(3.0)), 6.0);
}
