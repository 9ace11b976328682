#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    #[compact]
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
