#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
enum Activation {
    Relu,
    Tanh(#[default(3)] usize),
}

fn main() {}
