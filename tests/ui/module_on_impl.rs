#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[module]
impl Foo {
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
