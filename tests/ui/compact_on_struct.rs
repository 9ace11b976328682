#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
struct Foo {
    width: usize,
}

fn main() {}
