//! report.json and the tables on the terminal: the figures of a run. Knows how
//! they are laid out; not how they were measured.

use std::fmt::{self, Display, Formatter};

use metamlp_experiment::Result;
use serde::Serialize;

use crate::Metrics;
use crate::misclassified::Misclassified;

/// One pass over the training digits; a row of a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Epoch {
    /// Which one, from 1.
    epoch: usize,
    /// Mean loss over the training digits, each before the step that it was part of.
    training_loss: f32,
    /// The part of them that was read rightly, likewise.
    training_accuracy: f32,
    /// Mean loss over the held-out digits, after the epoch.
    held_out_loss: f32,
    /// The part of them that was read rightly.
    held_out_accuracy: f32,
}

impl Epoch {
    /// What stands above the rows.
    pub(crate) const HEADING: &str =
        concat!("           training          held out\n", "epoch      loss  accuracy    loss  accuracy");

    pub(crate) fn new(epoch: usize, training: &Metrics, held_out: &Metrics) -> Result<Self> {
        Ok(Self {
            epoch,
            training_loss: training.loss.compute().item()?,
            training_accuracy: training.accuracy.compute().item()?,
            held_out_loss: held_out.loss.compute().item()?,
            held_out_accuracy: held_out.accuracy.compute().item()?,
        })
    }
}

impl Display for Epoch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { epoch, training_loss, held_out_loss, .. } = self;
        let [training, held_out] = [self.training_accuracy, self.held_out_accuracy].map(|part| 100.0 * part);
        write!(f, "{epoch:5}  {training_loss:8.4}  {training:6.2} %  {held_out_loss:6.4}  {held_out:6.2} %")
    }
}

/// What a run was and what came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Its epochs.
    pub(crate) epochs: Vec<Epoch>,
    /// The part of the held-out digits that was read rightly in the end.
    pub(crate) accuracy: f32,
    /// Held-out digits by what they are (row) and what was read (column).
    pub(crate) confusion: Vec<Vec<i32>>,
    /// For each digit the part of those that are it that was found.
    pub(crate) recall: Vec<f32>,
    /// For each digit the part of those taken for it that are it.
    pub(crate) precision: Vec<f32>,
    /// The held-out digits that were misread, the surest first.
    pub(crate) misclassified: Vec<Misclassified>,
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
        let digits = self.held_out_digits;
        let right = digits - self.misclassified.len();
        let ended = if self.interrupted { ", ended by Ctrl-C" } else { "" };
        writeln!(f, "{} parameters, {:.1} s of training{ended}", self.parameters, self.seconds)?;
        writeln!(f, "{right} of {digits} held-out digits read rightly: {:.2} %\n", 100.0 * self.accuracy)?;

        writeln!(f, "{:5}{:^50}", "", "read as")?;
        write!(f, "digit")?;
        for class in 0..self.confusion.len() {
            write!(f, "{class:5}")?;
        }
        writeln!(f, "     found")?;
        for (class, (row, recall)) in self.confusion.iter().zip(&self.recall).enumerate() {
            write!(f, "{class:5}")?;
            for &count in row {
                let count = if count == 0 { "·".to_owned() } else { count.to_string() };
                write!(f, "{count:>5}")?;
            }
            writeln!(f, "  {:6.2} %", 100.0 * recall)?;
        }
        write!(f, "right")?;
        for precision in &self.precision {
            write!(f, "{:4.0}%", 100.0 * precision)?;
        }
        writeln!(f)
    }
}
