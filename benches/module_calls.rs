//! The overhead of a module call: 200 modules, nested or in sequence, compared with
//! the same additions on plain tensors.
//!
//! ```sh
//! cargo bench --bench module_calls
//! ```

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use metamlp::param;
use metamlp::prelude::*;
use metamlp::tensor::deferred;

const MODULES: usize = 200;
const ROUNDS: usize = 101;
const CALLS: usize = 10;

/// Adds a bias and calls the next module as a submodule.
#[compact]
fn nested(x: &Tensor, #[field] depth: usize) -> Tensor {
    let x = x + param("bias", initializers::zeros(), [4]);
    if depth == 1 { x } else { nested(depth - 1).call(&x) }
}

/// Calls modules in sequence.
#[compact]
fn siblings(x: &Tensor, #[field] modules: usize) -> Tensor {
    (0..modules).fold(x.clone(), |x, _| nested(1).call(&x))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` runs this, too: once, to see that it works.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let x = Tensor::ones([4], F32);
    let mut out = io::stdout().lock();

    let model = nested(MODULES);
    let variables = model.init(Key::new(0), |m| m.call(&x))?;
    let biases = variables.params().tensors();
    let apply = || model.apply(&variables, Options::new(), |m| m.call(&x)).map(drop);
    report(&mut out, "nested", rounds, apply, || plain(&x, &biases))?;

    let model = siblings(MODULES);
    let variables = model.init(Key::new(0), |m| m.call(&x))?;
    let biases = variables.params().tensors();
    let apply = || model.apply(&variables, Options::new(), |m| m.call(&x)).map(drop);
    report(&mut out, "siblings", rounds, apply, || plain(&x, &biases))?;
    Ok(())
}

/// The same additions without a module.
fn plain(x: &Tensor, biases: &[Tensor]) -> metamlp::Result<()> {
    let sum = deferred(|| biases.iter().fold(x.clone(), |x, bias| x + bias));
    Ok(evaluate(sum).map(drop)?)
}

/// Runs both in turns; prints the medians and their difference per module.
fn report(
    out: &mut impl Write,
    name: &str,
    rounds: usize,
    apply: impl Fn() -> metamlp::Result<()>,
    plain: impl Fn() -> metamlp::Result<()>,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        with.push(microseconds(&apply)?);
        without.push(microseconds(&plain)?);
    }
    let (with, without) = (median(with), median(without));
    writeln!(
        out,
        "{name:9} {with:6.1} us with {MODULES} modules, {without:6.1} us without: {:.2} us a module call",
        (with - without) / MODULES as f64
    )?;
    Ok(())
}

fn microseconds(f: impl Fn() -> metamlp::Result<()>) -> metamlp::Result<f64> {
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(f())?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / CALLS as f64)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
