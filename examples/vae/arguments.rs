//! The command line. Knows the options, their bounds and their defaults.

use std::path::PathBuf;

use clap::Parser;
use metamlp_experiment::between;

/// Passes over the training digits without `--epochs`.
const EPOCHS: usize = 20;

/// Training and held-out digits with `--quick`.
const QUICK_DIGITS: (usize, usize) = (1600, 400);

/// Trains a variational autoencoder on handwritten digits and draws samples from it.
///
/// The files report.json, samples.png, reconstructions.png, interpolations.png
/// and weights.safetensors go to target/vae. Ctrl-C ends the training early;
/// the pictures are drawn and written then. A second Ctrl-C stops the program
/// without writing anything.
#[derive(Debug, Parser)]
#[command(name = "vae", version)]
pub(crate) struct Arguments {
    /// Two epochs on a fifth of the digits: the run takes seconds and the samples are blurred
    #[arg(long)]
    quick: bool,

    /// Passes over the training digits [default: 20, with --quick 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = epochs)]
    epochs: Option<usize>,

    /// The size of the latent space
    #[arg(long, value_name = "N", default_value = "8", allow_negative_numbers = true, value_parser = latents)]
    pub(crate) latents: usize,

    /// Seed of the initial weights, the order of the digits and the samples
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: i64,

    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/vae"), hide_default_value = true)]
    pub(crate) output: PathBuf,
}

impl Arguments {
    /// The number of epochs.
    pub(crate) fn epochs(&self) -> usize {
        self.epochs.unwrap_or(if self.quick { 2 } else { EPOCHS })
    }

    /// The largest numbers of training and held-out digits.
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
