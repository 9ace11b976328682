//! Trains the model on windows of the text and records losses and times.

use std::time::Instant;

use metamlp::Map;
use metamlp::data::Batches;
use metamlp::prelude::*;
use metamlp_experiment::{Interrupt, Progress};
use serde::Serialize;

use crate::error::Result;
use crate::held_out::{HeldOut, loss};
use crate::model::CharTransformer;
use crate::text::{Text, windows};

/// The number of rows of the table.
const ROWS: usize = 10;

/// A row of the table: losses and times after a number of steps.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// The number of steps so far.
    pub(crate) step: usize,
    /// Mean loss of the steps since the row before, in nats per character.
    pub(crate) loss: f64,
    /// Loss on the held-out text, in nats per character.
    pub(crate) held_out_loss: f64,
    /// Median time of the steps since the row before; the median ignores
    /// interruptions.
    pub(crate) seconds_per_step: f64,
}

/// The training without its state.
pub(crate) struct Training<'a> {
    pub(crate) model: &'a CharTransformer,
    pub(crate) text: &'a Text,
    pub(crate) held_out: &'a HeldOut,
    /// The number of windows per step.
    pub(crate) batch: usize,
    pub(crate) steps: usize,
}

impl Training<'_> {
    /// Runs the steps from `state`, fewer if Ctrl-C is pressed.
    pub(crate) fn run(
        &self,
        mut state: TrainState,
        key: &Key,
        interrupt: &Interrupt,
    ) -> Result<(TrainState, Vec<Row>)> {
        let (model, text) = (self.model.clone(), self.text.training());
        let length = model.context + 1;

        // A window may begin anywhere. The starts are shuffled; the step cuts the
        // windows out of the text, which is a constant of its program.
        let places = text.size() - length + 1;
        let places = Batches::new(Tensor::arange(places, I32), self.batch.min(places))?;
        let step = jit(move |state: TrainState, starts: Tensor| {
            let windows = windows(&text, &starts, length);
            let (loss, grads) =
                value_and_grad(&state.params, |p| Ok(loss(&model, &state.variables(p), &windows)?))?;
            Ok((state.apply_gradients(&grads)?, loss))
        });

        let mut progress = Progress::new("training", self.steps);
        let held_out = |progress: &mut Progress, done, params: &Map| {
            let batches = self.held_out.batches();
            self.held_out.loss(params, |batch| progress.show(done, || format!("held out {batch}/{batches}")))
        };
        let (mut done, mut rows, mut since) = (0, Vec::new(), Since::default());
        'training: for epoch in 0.. {
            for starts in places.shuffled(&key.fold_in(epoch))?.prefetch(2) {
                if done == self.steps || !interrupt.is_training() {
                    break 'training;
                }
                let (starts, start) = (starts?, Instant::now());
                let (next, loss) = step(state, starts)?;
                let loss = loss.item::<f32>()?;
                since.losses.push(f64::from(loss));
                since.seconds.push(start.elapsed().as_secs_f64());
                state = next;
                done += 1;
                let rate = progress.rate(done);
                progress.show(done, || format!("loss {loss:.3}  {rate:.1} steps/s"));
                if done % self.steps.div_ceil(ROWS) == 0 {
                    rows.push(since.row(done, held_out(&mut progress, done, &state.params)?));
                }
            }
        }
        if !since.losses.is_empty() {
            rows.push(since.row(done, held_out(&mut progress, done, &state.params)?));
        }
        Ok((state, rows))
    }
}

/// The steps since the last row.
#[derive(Debug, Default)]
struct Since {
    /// The loss of each step, before its update.
    losses: Vec<f64>,
    /// The time of each step.
    seconds: Vec<f64>,
}

impl Since {
    /// The row of these steps, at least one; clears them.
    fn row(&mut self, step: usize, held_out_loss: f64) -> Row {
        let Self { losses, mut seconds } = std::mem::take(self);
        seconds.sort_by(f64::total_cmp);
        let loss = losses.iter().sum::<f64>() / losses.len() as f64;
        Row { step, loss, held_out_loss, seconds_per_step: seconds[seconds.len() / 2] }
    }
}
