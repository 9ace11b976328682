#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[default(3 +)]
    width: usize,
}

fn main() {}
