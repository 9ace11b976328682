//! Makes a model and one result, for timing a whole process.

use std::io::{self, Write};

use metamlp::prelude::*;

use crate::Outcome;
use crate::models::{cnn, mlp};

pub(crate) fn run(model: &str) -> Outcome {
    let sum = if model == "mlp" {
        let (model, x) = (mlp(vec![512, 512, 512, 784]), random::normal(Key::new(1), [32, 1568]));
        let variables = model.init(Key::new(0), |m| m.call(&x))?;
        model.apply(&variables, Options::new(), |m| m.call(&x))?.sum_all()
    } else {
        let (model, x) = (cnn(), random::normal(Key::new(1), [64, 28, 28, 1]));
        let variables = model.init(Key::new(0), |m| m.call(&x))?;
        model.apply(&variables, Options::new(), |m| m.call(&x))?.sum_all()
    };
    writeln!(io::stdout(), "{}", sum.item::<f32>()?)?;
    Ok(())
}
