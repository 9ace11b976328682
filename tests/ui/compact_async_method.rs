#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    async fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
