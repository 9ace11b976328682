//! `#[compact]` on a function: the struct, its constructor and its call.

#![warn(clippy::pedantic, missing_docs, unused_qualifications)]

mod fake;

use fake::__private::events;
use fake::{Module as _, Tensor};
use metamlp_macros::compact;

/// A perceptron with two hidden layers.
#[compact(crate = crate::fake)]
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
    #[field(default = "mlp".to_owned())] name: String,
    offset: f64,
) -> Tensor {
    use std::ops::Add as _;
    classes += name.len();
    Tensor(x.0.add(offset) * (hidden + classes) as f64)
}

#[compact(crate = crate::fake)]
fn longest<'a>(x: &'a Tensor, y: &'a Tensor, #[field] bias: f64) -> &'a Tensor {
    if x.0 + bias > y.0 { x } else { y }
}

#[compact(crate = crate::fake)]
fn auto_encoder() {}

#[test]
fn a_function_is_a_struct_with_new_setters_and_call() {
    let model = Mlp::new(2).classes(3).name("");
    assert_eq!((model.hidden, model.classes), (2, 3));
    let line = line!() + 1;
    assert_eq!(model.call(&Tensor(1.0), 1.0), Tensor(10.0));
    assert_eq!(events(), [format!("Mlp.call:{line}"), "-> 10".to_owned()]);
    // The fields are as they were, though the body changed its own copy.
    assert_eq!(model.call(&Tensor(1.0), 1.0), Tensor(10.0));
}

#[test]
fn the_function_itself_makes_the_module() {
    let line = line!() + 1;
    let model = mlp(2);
    assert_eq!((model.classes, model.handle().line), (20, line));
    assert_eq!(format!("{model:?}"), "Mlp { hidden: 2, classes: 20, name: \"mlp\" }");
}

#[test]
fn an_output_may_borrow_from_an_input() {
    let (x, y) = (Tensor(1.0), Tensor(2.0));
    assert_eq!(longest(0.5).call(&x, &y), &y);
    assert_eq!(longest(1.5).call(&x, &y), &x);
}

#[test]
fn a_function_without_arguments_is_a_module_too() {
    auto_encoder().call();
    AutoEncoder::default().named("other").call();
    assert_eq!(events().len(), 2);
}

#[test]
fn functions_can_be_local() {
    #[compact(crate = crate::fake)]
    fn local(x: &Tensor, #[field] scale: f64) -> Tensor {
        Tensor(x.0 * scale)
    }
    assert_eq!(local(2.0).call(&Tensor(3.0)), Tensor(6.0));
}
