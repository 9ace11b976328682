#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact(debug)]
extern "C" fn mlp((x, y): (&Tensor, &Tensor), #[field(width = 3)] hidden: &str) -> Tensor {
    x.clone()
}

fn main() {}
