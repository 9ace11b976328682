#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    width: usize = 3,
}

fn main() {}
