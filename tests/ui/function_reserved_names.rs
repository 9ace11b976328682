#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field] new: usize, #[field(default = 3)] param: usize) -> Tensor {
    x.clone()
}

fn main() {}
