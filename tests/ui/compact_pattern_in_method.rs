#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, (x, y): (&Tensor, &Tensor), _: bool) -> Tensor {
        x.clone()
    }
}

fn main() {}
