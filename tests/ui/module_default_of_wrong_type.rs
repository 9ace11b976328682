#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[default("three")]
    width: usize,
}

fn main() {}
