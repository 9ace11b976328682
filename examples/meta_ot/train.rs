//! Trains the network on random pairs of training digits and records losses and
//! times.

use std::time::Instant;

use metamlp_experiment::{Interrupt, Progress};

use crate::digits::Measure;
use crate::error::Result;
use crate::pairs::Pairs;
use crate::transport::Transport;

/// The reported loss is the mean over this many last updates: a single one depends
/// too much on its pairs.
const LOSS_WINDOW: usize = 50;

/// The record of a training run.
#[derive(Debug, Default)]
pub(crate) struct Training {
    /// The loss of each update's pairs, before the update.
    losses: Vec<f32>,
    /// The time of each update, in seconds.
    seconds: Vec<f64>,
}

impl Training {
    /// Runs `updates` updates, fewer if Ctrl-C is pressed.
    pub(crate) fn run(
        transport: &mut Transport,
        digits: &[Measure],
        mut pairs: Pairs,
        updates: u32,
        batch: usize,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let mut training = Self::default();
        if updates == 0 {
            return Ok(training);
        }
        let mut progress = Progress::new("training", updates as usize);
        while training.losses.len() < updates as usize && interrupt.is_training() {
            let start = Instant::now();
            let loss = transport.update(digits, &pairs.draw(batch)?)?;
            training.seconds.push(start.elapsed().as_secs_f64());
            training.losses.push(loss);
            let done = training.losses.len();
            let rate = progress.rate(done);
            progress.show(done, || format!("loss {loss:.5}  {rate:.1} updates/s"));
        }
        Ok(training)
    }

    /// The number of updates.
    pub(crate) fn updates(&self) -> usize {
        self.losses.len()
    }

    /// Mean loss over the last updates.
    pub(crate) fn loss(&self) -> Option<f64> {
        let last = &self.losses[self.losses.len().saturating_sub(LOSS_WINDOW)..];
        let sum: f64 = last.iter().copied().map(f64::from).sum();
        (!last.is_empty()).then(|| sum / last.len() as f64)
    }

    /// Median time of an update; the median ignores interruptions.
    pub(crate) fn seconds_per_update(&self) -> Option<f64> {
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied()
    }
}
