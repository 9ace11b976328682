#![allow(unused_variables, dead_code)]

use metamlp::prelude::*;

struct Plain {}

#[compact]
impl Plain {
    fn call(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    fn encode(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {}
