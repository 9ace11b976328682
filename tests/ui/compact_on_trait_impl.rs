#![allow(unused_variables)]

use metamlp::prelude::*;

trait Layer {
    fn call(&self, x: &Tensor) -> Tensor;
}

#[module]
struct Foo {}

#[compact]
impl Layer for Foo {
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
