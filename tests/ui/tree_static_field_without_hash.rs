#![allow(unused_variables)]

use metamlp::prelude::*;

#[derive(Clone)]
struct Opaque;

#[derive(Tree)]
struct Batch {
    #[tree(static)]
    inside: Opaque,
}

fn main() {}
