#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
fn mlp(x: &Tensor, #[field] hidden: usize) -> Tensor {
    x * self.param("kernel", initializers::ones(), [hidden])
}

fn main() {}
