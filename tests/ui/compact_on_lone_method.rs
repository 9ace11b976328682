#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

impl Foo {
    #[compact]
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
