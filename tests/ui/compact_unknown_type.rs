#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensr) -> Tensor {
        x.clone()
    }
}

fn main() {}
