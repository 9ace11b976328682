#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[into(String)]
    title: String,
}

fn main() {}
