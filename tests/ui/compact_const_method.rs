#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    const fn call(&self, x: usize) -> usize {
        x
    }
}

fn main() {}
