//! report.json and the tables on the terminal: the figures of a run. Knows their
//! layout, not how they were measured.

use std::fmt::{self, Display, Formatter};

use metamlp_experiment::Result;
use serde::Serialize;

use crate::Metrics;
use crate::misclassified::Misclassified;

/// One epoch; a row of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Epoch {
    /// The number of the epoch, from 1.
    epoch: usize,
    /// The mean loss over the training digits, before the step that each was part of.
    training_loss: f32,
    /// The accuracy on the training digits, measured the same way.
    training_accuracy: f32,
    /// The mean loss over the held-out digits, after the epoch.
    held_out_loss: f32,
    /// The accuracy on the held-out digits.
    held_out_accuracy: f32,
}

impl Epoch {
    /// The heading of the table.
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

/// The settings and results of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The epochs.
    pub(crate) epochs: Vec<Epoch>,
    /// The final accuracy on the held-out digits.
    pub(crate) accuracy: f32,
    /// The confusion matrix of the held-out digits: a row per label, a column per prediction.
    pub(crate) confusion: Vec<Vec<i32>>,
    /// The recall of each digit.
    pub(crate) recall: Vec<f32>,
    /// The precision of each digit.
    pub(crate) precision: Vec<f32>,
    /// The misclassified held-out digits, by decreasing probability of the prediction.
    pub(crate) misclassified: Vec<Misclassified>,
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
        let digits = self.held_out_digits;
        let right = digits - self.misclassified.len();
        let ended = if self.interrupted { ", ended by Ctrl-C" } else { "" };
        writeln!(f, "{} parameters, {:.1} s of training{ended}", self.parameters, self.seconds)?;
        writeln!(
            f,
            "{right} of {digits} held-out digits classified correctly: {:.2} %\n",
            100.0 * self.accuracy
        )?;

        writeln!(f, "{:5}{:^50}", "", "predicted")?;
        write!(f, "digit")?;
        for class in 0..self.confusion.len() {
            write!(f, "{class:5}")?;
        }
        writeln!(f, "    recall")?;
        for (class, (row, recall)) in self.confusion.iter().zip(&self.recall).enumerate() {
            write!(f, "{class:5}")?;
            for &count in row {
                let count = if count == 0 { "·".to_owned() } else { count.to_string() };
                write!(f, "{count:>5}")?;
            }
            writeln!(f, "  {:6.2} %", 100.0 * recall)?;
        }
        write!(f, "prec.")?;
        for precision in &self.precision {
            write!(f, "{:4.0}%", 100.0 * precision)?;
        }
        writeln!(f)
    }
}
