//! The command line. Knows the options, their bounds and their defaults.

use std::path::PathBuf;

use clap::Parser;
use metamlp_experiment::between;

/// Updates of a run without `--updates`.
const UPDATES: u32 = 3000;
/// Updates of a run with `--quick`.
const QUICK_UPDATES: u32 = 100;

/// Trains a MetaMLP to predict optimal-transport potentials between digits and
/// counts the Sinkhorn iterations that its predictions save.
///
/// The files report.json, convergence.png, interpolation.png and
/// weights.safetensors go to target/meta_ot. Ctrl-C ends the training early;
/// the network is
/// then evaluated and the results are written. A second Ctrl-C stops the program
/// without writing anything.
#[derive(Debug, Parser)]
#[command(name = "meta_ot", version)]
pub(crate) struct Arguments {
    /// Train briefly: the run takes seconds and the network is less useful
    #[arg(long)]
    quick: bool,

    /// Updates of the network [default: 3000, with --quick 100, with --load 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    updates: Option<u32>,

    /// Pairs of digits per update
    #[arg(long, value_name = "N", default_value = "128", allow_negative_numbers = true, value_parser = batch)]
    pub(crate) batch: usize,

    /// Entropic regularisation, in units of the squared distance on [0, 1]²
    #[arg(long, value_name = "E", default_value = "1e-2", value_parser = epsilon, allow_hyphen_values = true)]
    pub(crate) epsilon: f32,

    /// Gzipped IDX file of 28×28 images; every tenth is held out, none may be all zeros
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mnist-10k-images-idx3-ubyte.gz"), hide_default_value = true)]
    pub(crate) images: PathBuf,

    /// Held-out pairs of the evaluation
    #[arg(long, value_name = "N", default_value = "100", allow_negative_numbers = true, value_parser = pairs)]
    pub(crate) pairs: usize,

    /// Seed of the initial weights, the training pairs and the evaluated pairs
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: i64,

    /// Start from these weights: evaluates them, or trains them further with --updates
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,

    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/meta_ot"), hide_default_value = true)]
    pub(crate) output: PathBuf,
}

impl Arguments {
    /// The number of updates.
    pub(crate) fn updates(&self) -> u32 {
        self.updates.unwrap_or(match (&self.load, self.quick) {
            (Some(_), _) => 0,
            (None, true) => QUICK_UPDATES,
            (None, false) => UPDATES,
        })
    }
}

fn epsilon(text: &str) -> Result<f32, String> {
    // Outside these bounds the costs over epsilon leave the range of an f32.
    match text.parse::<f32>() {
        Ok(value) if (1e-6..=1e6).contains(&value) => Ok(value),
        _ => Err("expected a number greater than 0, from 1e-6 to 1e6".to_owned()),
    }
}

fn batch(text: &str) -> Result<usize, String> {
    between(text, 1, 16_384)
}

fn pairs(text: &str) -> Result<usize, String> {
    between(text, 1, 10_000)
}
