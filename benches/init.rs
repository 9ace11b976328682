//! `init` of 100 layers of 1024 features for a `[65536, 1024]` input, compared with
//! drawing its random numbers alone. The forward pass would take 14 Tflop.
//!
//! ```sh
//! cargo bench --bench init
//! ```

use std::io::{self, Write};
use std::time::{Duration, Instant};

use metamlp::prelude::*;

const FEATURES: usize = 1024;
const LAYERS: usize = 100;
const ROUNDS: usize = 5;

#[compact]
fn stack(x: &Tensor, #[field] layers: usize, #[field] features: usize) -> Tensor {
    (0..layers).fold(x.clone(), |x, _| Dense::new(features).call(&x).tanh())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` runs this, too: once, to see that it works.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let model = stack(LAYERS, FEATURES);
    let x = Tensor::spec([65_536, FEATURES], F32);
    let mut init = Vec::new();
    let mut numbers = Vec::new();
    for _ in 0..rounds {
        init.push(timed(|| model.init(Key::new(0), |m| m.call(&x)))?);
        numbers.push(timed(|| {
            let kernel = |key| initializers::lecun_normal().initialize(key, &[FEATURES, FEATURES], F32);
            let kernels: Vec<Tensor> = Key::new(0).split(LAYERS).into_iter().map(kernel).collect();
            Ok(evaluate(kernels)?)
        })?);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "init            {:.3} s", median(init).as_secs_f64())?;
    writeln!(out, "random numbers  {:.3} s", median(numbers).as_secs_f64())?;
    Ok(())
}

fn timed<T>(f: impl FnOnce() -> Result<T, metamlp::Error>) -> Result<Duration, metamlp::Error> {
    let start = Instant::now();
    let result = f()?;
    let taken = start.elapsed();
    drop(result);
    Ok(taken)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
