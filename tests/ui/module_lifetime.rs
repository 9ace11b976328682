#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Labelled<'a> {
    label: &'a str,
}

fn main() {}
