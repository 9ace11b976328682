#![allow(unused_variables)]

use metamlp::prelude::*;

struct Opaque;

#[module]
struct Foo {
    inside: Opaque,
}

fn main() {}
