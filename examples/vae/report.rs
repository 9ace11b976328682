//! report.json and the table on the terminal: the figures of a run. Knows how
//! they are laid out; not how they were measured.

use std::fmt::{self, Display, Formatter};

use metamlp_experiment::Result;
use serde::Serialize;

use crate::Metrics;

/// The evidence lower bound and its two sides, in nats, means over digits.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Bound {
    /// `reconstruction` less `kl`.
    elbo: f32,
    /// The logarithm of the probability of the digit, given its description.
    reconstruction: f32,
    /// What the description tells beyond the standard normal distribution.
    kl: f32,
}

impl Bound {
    fn of(metrics: &Metrics) -> Result<Self> {
        let (reconstruction, kl) = (metrics.reconstruction.compute().item()?, metrics.kl.compute().item()?);
        Ok(Self { elbo: reconstruction - kl, reconstruction, kl })
    }
}

/// One pass over the training digits; a row of a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Epoch {
    /// Which one, from 1.
    epoch: usize,
    /// Over the training digits, each before the step that it was part of.
    training: Bound,
    /// Over the held-out digits, after the epoch.
    held_out: Bound,
}

impl Epoch {
    /// What stands above the rows; all in nats a digit.
    pub(crate) const HEADING: &str = concat!(
        "       training                         held out\n",
        "epoch     ELBO  reconstruction      KL     ELBO  reconstruction      KL"
    );

    pub(crate) fn new(epoch: usize, training: &Metrics, held_out: &Metrics) -> Result<Self> {
        Ok(Self { epoch, training: Bound::of(training)?, held_out: Bound::of(held_out)? })
    }
}

impl Display for Epoch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:5}", self.epoch)?;
        for Bound { elbo, reconstruction, kl } in [self.training, self.held_out] {
            write!(f, "  {elbo:7.2}  {reconstruction:14.2}  {kl:6.2}")?;
        }
        Ok(())
    }
}

/// What a run was and what came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Its epochs.
    pub(crate) epochs: Vec<Epoch>,
    /// Numbers that describe a digit.
    pub(crate) latents: usize,
    /// Digits trained on.
    pub(crate) training_digits: usize,
    /// Digits held out.
    pub(crate) held_out_digits: usize,
    /// Numbers that were learnt.
    pub(crate) parameters: usize,
    /// How long the training took, the judging after each epoch included.
    pub(crate) seconds: f64,
    /// Seed of everything random.
    pub(crate) seed: i64,
    /// Whether Ctrl-C ended the training.
    pub(crate) interrupted: bool,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { latents, parameters, seconds, .. } = self;
        let ended = if self.interrupted { ", ended by Ctrl-C" } else { "" };
        writeln!(f, "{latents} latents, {parameters} parameters, {seconds:.1} s of training{ended}")?;
        if let Some(Epoch { held_out, .. }) = self.epochs.last() {
            writeln!(f, "{} held-out digits: ELBO {:.2} nats", self.held_out_digits, held_out.elbo)?;
        }
        Ok(())
    }
}
