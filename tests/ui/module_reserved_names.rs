#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    new: usize,
    named: bool,
    #[default(3)]
    call: usize,
}

fn main() {
    let _ = Foo::new(1, true).named("foo");
}
