#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field(defualt = 3)] hidden: usize, #[field(3)] classes: usize) -> Tensor {
    x.clone()
}

fn main() {
    let _ = mlp(1, 2);
}
