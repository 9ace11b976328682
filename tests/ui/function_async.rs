#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
async fn mlp(x: &Tensor) -> Tensor {
    x.clone()
}

fn main() {}
