#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(x: &Tensor, train: bool) -> Tensor {
        x.clone()
    }
}

fn main() {}
