#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
#[derive(Clone, Debug, PartialEq, Default, Copy)]
struct Foo {
    width: usize,
}

fn main() {
    assert!(Foo::new(1) == Foo::new(1));
}
