#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field] x: usize) -> Tensor {
    x.clone()
}

fn main() {}
