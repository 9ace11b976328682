#![allow(unused_variables, dead_code)]

use metamlp::prelude::*;

#[module]
struct Codec {}

#[compact]
impl Codec {
    fn encode(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

fn main() {
    let x = Tensor::ones([3], F32);
    let _ = Codec::new().invoke("encode", args![&x]);
}
