#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact(nowrap)]
impl Foo {
    const fn call(&self, (x, y): (&Tensor, &Tensor)) -> Tensor {
        x.clone()
    }

    fn encode(&mut self, #[field] x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
