#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor) -> Tensor {
        x.shape()
    }

    fn nothing(&self, x: &Tensor) -> Tensor {
        x.exp();
    }

    fn early(&self, x: &Tensor) -> usize {
        if x.rank() == 0 {
            return "none";
        }
        x.rank()
    }
}

fn main() {}
