//! The command line. Knows the options, their bounds and their defaults.

use std::path::PathBuf;

use clap::Parser;
use metamlp_experiment::between;

/// Steps of a run without `--steps`.
const STEPS: usize = 1200;
/// Steps of a run with `--quick`.
const QUICK_STEPS: usize = 60;

/// Trains a small character-level transformer on a text and samples from it.
///
/// The files report.json, sample.txt and weights.safetensors go to
/// target/transformer_char. Ctrl-C ends the training early; the sample is
/// written from the weights at that time. A second Ctrl-C stops the program
/// without writing anything.
#[derive(Debug, Parser)]
#[command(name = "transformer_char", version)]
pub(crate) struct Arguments {
    /// Train briefly: the run takes seconds and the sample has hardly a word
    #[arg(long)]
    quick: bool,

    /// Steps of the training [default: 1200, with --quick 60, with --load 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = steps)]
    steps: Option<usize>,

    /// Windows of text per step
    #[arg(long, value_name = "N", default_value = "16", allow_negative_numbers = true, value_parser = batch)]
    pub(crate) batch: usize,

    /// The text, in UTF-8; its last tenth is held out
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/alice.txt"), hide_default_value = true)]
    pub(crate) text: PathBuf,

    /// The beginning of the sample
    #[arg(long, value_name = "TEXT", default_value = "Alice ", allow_hyphen_values = true, value_parser = prompt)]
    pub(crate) prompt: String,

    /// Characters of the sample
    #[arg(long, value_name = "N", default_value = "800", allow_negative_numbers = true, value_parser = length)]
    pub(crate) length: usize,

    /// Temperature of the sample: 1 is the model's distribution, lower prefers likely characters
    #[arg(long, value_name = "T", default_value = "0.7", allow_hyphen_values = true, value_parser = temperature)]
    pub(crate) temperature: f64,

    /// Seed of the initial weights, the order of the windows and the sample
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: i64,

    /// Start from these weights: samples from them, or trains them further with --steps
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,

    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/transformer_char"), hide_default_value = true)]
    pub(crate) output: PathBuf,
}

impl Arguments {
    /// The number of training steps.
    pub(crate) fn steps(&self) -> usize {
        self.steps.unwrap_or(match (&self.load, self.quick) {
            (Some(_), _) => 0,
            (None, true) => QUICK_STEPS,
            (None, false) => STEPS,
        })
    }
}

fn steps(text: &str) -> Result<usize, String> {
    between(text, 0, 1_000_000_000)
}

fn batch(text: &str) -> Result<usize, String> {
    between(text, 1, 4096)
}

fn length(text: &str) -> Result<usize, String> {
    between(text, 1, 1_000_000)
}

fn prompt(text: &str) -> Result<String, String> {
    match text {
        "" => Err("expected one character or more, to which the sample is added".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.01..=100.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.01 to 100".to_owned()),
    }
}
