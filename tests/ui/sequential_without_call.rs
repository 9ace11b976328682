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
    let model = Sequential::new().then(Codec::new());
}
