//! report.json and the table on the terminal: the figures of a run. Knows their
//! layout, not how they were measured.

use std::fmt::{self, Display, Formatter};

use metamlp_experiment::Result;
use serde::Serialize;

use crate::Metrics;

/// The evidence lower bound and its two terms, in nats, means over digits.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Bound {
    /// `reconstruction` minus `kl`.
    elbo: f32,
    /// The log-likelihood of the digit given a sample of its latents.
    reconstruction: f32,
    /// The divergence of the latent Gaussian from the prior.
    kl: f32,
}

impl Bound {
    fn of(metrics: &Metrics) -> Result<Self> {
        let (reconstruction, kl) = (metrics.reconstruction.compute().item()?, metrics.kl.compute().item()?);
        Ok(Self { elbo: reconstruction - kl, reconstruction, kl })
    }
}

/// One epoch; a row of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Epoch {
    /// The number of the epoch, from 1.
    epoch: usize,
    /// Over the training digits, before the step that each was part of.
    training: Bound,
    /// Over the held-out digits, after the epoch.
    held_out: Bound,
}

impl Epoch {
    /// The heading of the table; all values are in nats per digit.
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

/// The settings and results of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The epochs.
    pub(crate) epochs: Vec<Epoch>,
    /// The size of the latent space.
    pub(crate) latents: usize,
    /// The number of training digits.
    pub(crate) training_digits: usize,
    /// The number of held-out digits.
    pub(crate) held_out_digits: usize,
    /// The number of trained parameters.
    pub(crate) parameters: usize,
    /// The duration of the training, the evaluation after each epoch included.
    pub(crate) seconds: f64,
    /// The seed of all random numbers.
    pub(crate) seed: i64,
    /// True if Ctrl-C ended the training.
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
