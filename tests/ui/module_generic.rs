#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Wrap<M: Module> {
    inner: M,
}

fn main() {}
