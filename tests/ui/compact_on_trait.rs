#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
trait Layer {
    fn call(&self, x: &Tensor) -> Tensor;
}

fn main() {}
