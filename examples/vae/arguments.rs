//! The command line. Knows the options, their bounds and their defaults.

use std::path::PathBuf;

use clap::Parser;
use metamlp_experiment::between;

/// Passes over the training digits without `--epochs`.
const EPOCHS: usize = 20;

/// Training and held-out digits with `--quick`.
const QUICK_DIGITS: (usize, usize) = (1600, 400);

/// Trains a variational autoencoder on handwritten digits and lets it draw some.
///
/// The files report.json, samples.png, reconstructions.png, interpolations.png
/// and weights.safetensors go to target/vae. Ctrl-C ends the training early;
/// what there is by then is drawn and written. A second Ctrl-C stops the program
/// without writing anything.
#[derive(Debug, Parser)]
#[command(name = "vae", version)]
pub(crate) struct Arguments {
    /// Two passes over a fifth of the digits: the whole run in seconds, with smudges for digits
    #[arg(long)]
    quick: bool,

    /// Passes over the training digits [default: 20, with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = epochs)]
    epochs: Option<usize>,

    /// Numbers that an image is described by
    #[arg(long, value_name = "N", default_value = "8", allow_negative_numbers = true, value_parser = latents)]
    pub(crate) latents: usize,

    /// Seed of the initial weights, of the digits' order and of what is sampled
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: i64,

    /// Folder of what is written
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/vae"), hide_default_value = true)]
    pub(crate) output: PathBuf,
}

impl Arguments {
    /// How often to go through the training digits.
    pub(crate) fn epochs(&self) -> usize {
        self.epochs.unwrap_or(if self.quick { 2 } else { EPOCHS })
    }

    /// How many digits to train on and to judge by, at most.
    pub(crate) fn digits(&self) -> (usize, usize) {
        if self.quick { QUICK_DIGITS } else { (usize::MAX, usize::MAX) }
    }
}

fn epochs(text: &str) -> Result<usize, String> {
    between(text, 1, 1000)
}

fn latents(text: &str) -> Result<usize, String> {
    between(text, 1, 1000)
}
