#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field] activation: impl Fn(&Tensor) -> Tensor) -> Tensor {
    activation(x)
}

fn main() {}
