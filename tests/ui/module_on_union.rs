#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
union Bits {
    float: f32,
    int: u32,
}

fn main() {}
