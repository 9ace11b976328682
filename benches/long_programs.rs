//! The first call of long programs, which traces and compiles them: chains of
//! `matmul` and `tanh`, and the gradient of a recurrent network. The time per step
//! is constant if compile time is linear in the length of the program.
//!
//! ```sh
//! cargo bench --bench long_programs
//! ```
//!
//! Times are processor time of all threads, from Linux's `/proc`.

use std::fs;
use std::io::{self, Write};

use metamlp::Result;
use metamlp::prelude::*;

const CHAINS: [usize; 4] = [1_600, 3_200, 6_400, 12_800];
const RECURRENT: [usize; 4] = [64, 128, 256, 512];

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` runs this, too: one short program of each kind.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let lengths = |lengths: [usize; 4]| if is_bench { lengths.to_vec() } else { vec![lengths[0] / 16] };
    let mut out = io::stdout().lock();
    // The first program of a process also starts the threads.
    chain(16)?;
    for (name, case, lengths) in [
        ("matmul, tanh", chain as fn(usize) -> Result<f64>, lengths(CHAINS)),
        ("LSTM gradient", recurrent_gradient, lengths(RECURRENT)),
    ] {
        writeln!(out, "{name:14} {:>7} {:>9} {:>12}", "steps", "seconds", "us per step")?;
        for steps in lengths {
            let seconds = case(steps)?;
            writeln!(out, "{:14} {steps:7} {seconds:9.3} {:12.2}", "", seconds * 1e6 / steps as f64)?;
        }
    }
    Ok(())
}

/// Processor seconds of the first call of `steps` products, each with a `tanh`.
fn chain(steps: usize) -> Result<f64> {
    let program = jit(move |x: Tensor, w: Tensor| Ok((0..steps).fold(x, |x, _| x.matmul(&w).tanh())));
    let (x, w) = (Tensor::ones([4, 8], F32), Tensor::full([8, 8], 0.1, F32));
    processor_seconds(|| Ok(program(x, w)?))
}

/// Processor seconds of the first call of the gradient of an LSTM over `steps` steps.
fn recurrent_gradient(steps: usize) -> Result<f64> {
    let model = RNN::new(LSTMCell::new(16));
    let x = random::normal(Key::new(1), [4, steps, 8]);
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([4, 1, 8], F32)))?;
    let program = jit(move |variables: Variables, x: Tensor| {
        value_and_grad(&variables, |variables| {
            Ok(model.apply(variables, (), |m| m.call(&x))?.square().mean_all())
        })
    });
    processor_seconds(|| Ok(program(variables, x)?))
}

/// The processor time of `call`, over all threads.
fn processor_seconds<T>(call: impl FnOnce() -> Result<T>) -> Result<f64> {
    let before = on_processor();
    let result = call()?;
    let seconds = on_processor() - before;
    drop(result);
    Ok(seconds)
}

/// The seconds that all threads of the process have run.
fn on_processor() -> f64 {
    let threads = fs::read_dir("/proc/self/task").expect("this benchmark needs Linux");
    let nanoseconds = |thread: io::Result<fs::DirEntry>| {
        // A thread may end meanwhile.
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    threads.filter_map(nanoseconds).sum::<f64>() * 1e-9
}
