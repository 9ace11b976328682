#![allow(unused_variables)]

use metamlp::prelude::*;

struct Settings {}

fn main() {
    let x = Tensor::ones([3], F32);
    let arguments = args![&x, Settings {}];
}
