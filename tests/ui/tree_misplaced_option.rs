#![allow(unused_variables)]

use metamlp::prelude::*;

#[derive(Tree)]
#[tree(static)]
struct Batch {
    #[tree(crate = metamlp)]
    x: Tensor,
}

#[derive(Tree)]
enum State {
    #[tree(static)]
    Empty,
}

fn main() {}
