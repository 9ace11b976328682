#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    __module: usize,
}

fn main() {}
