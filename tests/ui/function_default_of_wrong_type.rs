#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field(default = "three")] width: usize) -> Tensor {
    x.clone()
}

fn main() {}
