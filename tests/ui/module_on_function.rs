#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
fn mlp(x: &Tensor, #[field] hidden: usize) -> Tensor {
    x.clone()
}

fn main() {}
