#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[default]
    width: usize,
    #[default()]
    depth: usize,
}

fn main() {}
