//! Trains a network that warm-starts Sinkhorn on pairs of handwritten digits.
//!
//! ```text
//! cargo run --release --example meta_ot             # about 30 seconds on two cores
//! cargo run --release --example meta_ot -- --quick  # a few seconds
//! cargo run --release --example meta_ot -- --help
//! ```
//!
//! A `MetaMLP` takes two digits as probability weights on the pixel grid and
//! predicts the dual potential of the optimal transport between them. Then the
//! iterations of Sinkhorn on held-out pairs are counted, started from zeros, from
//! the Gaussian approximation and from the prediction. The table goes to the
//! terminal; figures, pictures and weights go to `target/meta_ot`.
//!
//! The experiment is that of Amos, Luise, Cohen and Redko, *Meta Optimal
//! Transport* (2023), on a sample of MNIST (`examples/data`).

mod arguments;
mod convergence_plot;
mod curve;
mod digits;
mod displacement;
mod error;
mod evaluate;
mod interpolation_picture;
mod pairs;
mod report;
mod start;
mod threshold;
mod train;
mod transport;

use std::process::ExitCode;

use metamlp::checkpoint;
use metamlp_experiment::{Images, Interrupt, Output, Progress, print};

use arguments::Arguments;
use digits::{Digits, Measure};
use displacement::interpolate;
use error::Result;
use evaluate::Evaluation;
use interpolation_picture::Row;
use pairs::Pairs;
use report::Report;
use train::Training;
use transport::Transport;

/// The random streams of a seed.
const TRAINING_PAIRS: u32 = 1;
const HELD_OUT_PAIRS: u32 = 2;

/// The numbers of frames and of pairs in the interpolation picture.
const TIMES: [f32; 7] = [0.0, 1.0 / 6.0, 1.0 / 3.0, 0.5, 2.0 / 3.0, 5.0 / 6.0, 1.0];
const PAIRS_SHOWN: usize = 6;

/// The marginal error of the converged potentials in the picture.
const CONVERGED: f32 = 1e-4;

/// The names of the results.
const FILES: [&str; 4] = ["report.json", "convergence.png", "interpolation.png", "weights.safetensors"];

fn main() -> ExitCode {
    metamlp_experiment::run("meta_ot", run)
}

fn run(arguments: &Arguments) -> Result<()> {
    // All inputs are checked before the training starts.
    let digits = Digits::new(&arguments.images, &Images::read(&arguments.images)?)?;
    let mut transport = Transport::new(arguments.epsilon, arguments.seed)?;
    if let Some(path) = &arguments.load {
        transport.load(path)?;
    }
    let mut output = Output::open(&arguments.output, &FILES)?;
    let interrupt = Interrupt::listen()?;

    let pairs = Pairs::new(arguments.seed, TRAINING_PAIRS, digits.training.len());
    let updates = arguments.updates();
    let training =
        Training::run(&mut transport, &digits.training, pairs, updates, arguments.batch, &interrupt)?;
    let interrupted = !interrupt.is_training();
    interrupt.evaluating();

    let mut pairs = Pairs::new(arguments.seed, HELD_OUT_PAIRS, digits.held_out.len());
    let pairs = pairs.draw(arguments.pairs)?;
    let evaluation = Evaluation::run(&transport, &digits.held_out, &pairs)?;
    let shown = &pairs[..pairs.len().min(PAIRS_SHOWN)];
    let mut progress = Progress::new("interpolating", shown.len());
    let mut rows = Vec::new();
    for &(a, b) in shown {
        let (a, b) = (&digits.held_out[a], &digits.held_out[b]);
        rows.push(interpolations(&transport, a, b, arguments.epsilon)?);
        progress.show(rows.len(), String::new);
    }
    drop(progress);
    let report = Report {
        updates: training.updates(),
        seconds_per_update: training.seconds_per_update(),
        loss: training.loss(),
        held_out_loss: transport.loss(&digits.held_out, &pairs)?.into(),
        iterations: evaluation.iterations,
        seconds: evaluation.seconds,
        unconverged: evaluation.unconverged,
        pairs: pairs.len(),
        batch: arguments.batch,
        epsilon: arguments.epsilon,
        seed: arguments.seed,
        images: arguments.images.display().to_string(),
        training_images: digits.training.len(),
        held_out_images: digits.held_out.len(),
        loaded: arguments.load.as_ref().map(|path| path.display().to_string()),
        interrupted,
    };

    interrupt.writing();
    output.stage_json("report.json", &report)?;
    let plot = convergence_plot::draw(&evaluation.curves, pairs.len(), arguments.epsilon)?;
    output.stage("convergence.png", &plot)?;
    output.stage("interpolation.png", &interpolation_picture::draw(&rows, &TIMES)?)?;
    output
        .stage_with("weights.safetensors", |path| checkpoint::save_safetensors(path, transport.params()))?;
    let written = output.publish()?;

    print(format_args!("\n{report}"))?;
    for path in written {
        print(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// The interpolation of one pair, by the prediction alone and by converged potentials.
fn interpolations(transport: &Transport, a: &Measure, b: &Measure, epsilon: f32) -> Result<Row> {
    let predicted = transport.predict(a, b)?;
    let converged = transport.solve(a, b, CONVERGED)?;
    Ok(Row {
        predicted: interpolate(&predicted, epsilon, &TIMES),
        converged: interpolate(&converged, epsilon, &TIMES),
    })
}
