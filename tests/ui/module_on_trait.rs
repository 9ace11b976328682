use metamlp::prelude::*;

#[module]
trait Foo {
    fn call(&self, x: &Tensor) -> Tensor;
}

fn main() {}
