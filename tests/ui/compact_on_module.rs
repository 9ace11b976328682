#![allow(unused_variables)]

use metamlp::prelude::*;

#[compact]
mod layers {}

fn main() {}
