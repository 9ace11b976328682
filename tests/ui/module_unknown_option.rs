#![allow(unused_variables)]

use metamlp::prelude::*;

#[module(debug, crate = metamlp, name = "Bar")]
struct Foo {}

fn main() {
    let _ = Foo::new();
}
