#![allow(unused_variables)]

use metamlp::prelude::*;

#[derive(Tree)]
#[tree(name = "batch")]
struct Batch {
    #[tree(skip)]
    x: Tensor,
}

fn main() {}
