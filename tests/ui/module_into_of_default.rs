#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[into]
    #[default("a".to_owned())]
    title: String,
}

fn main() {}
