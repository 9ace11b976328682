#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor) -> Tensor {
        self.up(x)
    }

    #[compact_name_scope(name = "upwards")]
    fn up(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(x)
    }

    #[nowrap]
    #[compact_name_scope]
    fn down(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    #[compact_name_scope]
    fn sideways(x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {
    let _ = Foo::new();
}
