#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
const unsafe extern "C" fn mlp(x: &Tensor) -> Tensor {
    x.clone()
}

fn main() {
    let _ = mlp();
}
