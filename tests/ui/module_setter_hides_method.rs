#![allow(unused_variables)]

use metamlp::prelude::*;

#[module]
struct Foo {
    #[default(3)]
    init: usize,
    path: String,
}

fn main() {
    let _ = Foo::new("a field without a setter may be called so".to_owned());
}
