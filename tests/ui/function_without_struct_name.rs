#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn _2d(x: &Tensor) -> Tensor {
    x.clone()
}

fn main() {}
