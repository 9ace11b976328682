#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&mut self, x: &Tensor) -> Tensor {
        x.clone()
    }

    fn encode(self, x: &Tensor) -> Tensor {
        x.clone()
    }

    fn decode(self: Box<Self>, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
