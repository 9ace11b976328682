#![allow(unused_variables)]

use metamlp::prelude::*;

#[derive(Tree)]
struct Batch {
    #[tree]
    x: Tensor,
}

fn main() {}
