#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field] label: &str) -> Tensor {
    x.clone()
}

fn main() {}
