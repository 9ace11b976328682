#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {}

#[compact]
impl Foo {
    #[nowrap(always)]
    fn width(&self) -> usize {
        3
    }
}

fn main() {}
