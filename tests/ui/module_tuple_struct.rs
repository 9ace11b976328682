#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Pair(Vec<usize>, #[default(3)] usize);

#[compact]
impl Pair {
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
