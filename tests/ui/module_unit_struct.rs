#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo;

fn main() {}
