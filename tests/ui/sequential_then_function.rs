#![allow(unused_variables)]

use metamlp::prelude::*;

fn main() {
    let model = Sequential::new().then(Dense::new(3)).then(relu);
}
