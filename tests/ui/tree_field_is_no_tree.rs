#![allow(unused_variables)]

use metamlp::prelude::*;

struct Opaque;

#[derive(Tree)]
struct Batch {
    x: Tensor,
    inside: Opaque,
}

fn main() {}
