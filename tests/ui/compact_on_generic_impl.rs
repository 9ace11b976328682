#![allow(unused_variables)]

use metamlp::prelude::*;

struct Foo<T>(T);

#[compact]
impl<T: Clone> Foo<T> {
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
