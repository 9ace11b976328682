#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: Tensor) -> Tensor {
        drop(x);
        x
    }
}

fn main() {}
