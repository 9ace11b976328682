#![allow(unused_variables)]

use metamlp::prelude::*;

#[module(crate = "metamlp")]
struct Foo {}

fn main() {}
