#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[default(3)] hidden: usize) -> Tensor {
    x.clone()
}

fn main() {}
