#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp<T: Clone, const N: usize>(x: &Tensor, #[field] label: T) -> Tensor {
    x.clone()
}

fn main() {}
