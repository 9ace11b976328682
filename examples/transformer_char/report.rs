//! report.json and the table on the terminal: the figures of a run. Knows their
//! layout, not how they were measured.

use std::f64::consts::LN_2;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::train::Row;

/// The settings and results of a run. Losses are in nats per character.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The rows of the training table.
    pub(crate) rows: Vec<Row>,
    /// The final loss on the held-out text.
    pub(crate) held_out_loss: f64,
    /// The number of parameters.
    pub(crate) parameters: usize,
    /// The context length.
    pub(crate) context: usize,
    /// The number of windows per step.
    pub(crate) batch: usize,
    /// The text file.
    pub(crate) text: String,
    /// The number of different characters.
    pub(crate) vocabulary: usize,
    /// The number of training characters.
    pub(crate) training_characters: usize,
    /// The number of held-out characters.
    pub(crate) held_out_characters: usize,
    /// The number of characters of the sample, the prompt included.
    pub(crate) sampled_characters: usize,
    /// The characters sampled per second.
    pub(crate) sampled_characters_per_second: f64,
    /// The temperature that divided the logits.
    pub(crate) temperature: f64,
    /// The seed of all random numbers.
    pub(crate) seed: i64,
    /// The file of the initial weights; none for fresh ones.
    pub(crate) loaded: Option<String>,
    /// True if Ctrl-C ended the training.
    pub(crate) interrupted: bool,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { parameters, training_characters, held_out_characters, vocabulary, .. } = self;
        writeln!(f, "{parameters} parameters, {training_characters} characters to train on")?;
        if !self.rows.is_empty() {
            writeln!(
                f,
                "\n{:>6}{:>16}{:>16}{:>16}",
                "step", "training loss", "held-out loss", "ms per step"
            )?;
            for Row { step, loss, held_out_loss, seconds_per_step } in &self.rows {
                let milliseconds = 1e3 * seconds_per_step;
                writeln!(f, "{step:>6}{loss:>16.3}{held_out_loss:>16.3}{milliseconds:>16.1}")?;
            }
        }
        if self.interrupted {
            writeln!(f, "ended by Ctrl-C")?;
        }
        let (nats, bits) = (self.held_out_loss, self.held_out_loss / LN_2);
        writeln!(
            f,
            "\n{held_out_characters} held-out characters of {vocabulary} kinds: {nats:.3} nats, {bits:.3} bits each"
        )?;
        let (count, rate) = (self.sampled_characters, self.sampled_characters_per_second);
        writeln!(f, "{count} characters sampled at temperature {}, {rate:.0} a second:", self.temperature)
    }
}
