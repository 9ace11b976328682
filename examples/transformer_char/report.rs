//! report.json and the table on the terminal: the figures of a run. Knows how
//! they are laid out; not how they were measured.

use std::f64::consts::LN_2;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::train::Row;

/// What a run was and what came of it. Losses are in nats per character.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The course of the training.
    pub(crate) rows: Vec<Row>,
    /// The loss on the held-out text, in the end.
    pub(crate) held_out_loss: f64,
    /// Numbers in the model.
    pub(crate) parameters: usize,
    /// The longest text that it sees at once.
    pub(crate) context: usize,
    /// Windows in a step.
    pub(crate) batch: usize,
    /// The text file.
    pub(crate) text: String,
    /// Different characters in it.
    pub(crate) vocabulary: usize,
    /// Characters trained on.
    pub(crate) training_characters: usize,
    /// Characters held out.
    pub(crate) held_out_characters: usize,
    /// Characters of the sample, the prompt's included.
    pub(crate) sampled_characters: usize,
    /// How fast it was written.
    pub(crate) sampled_characters_per_second: f64,
    /// What the logits were divided by.
    pub(crate) temperature: f64,
    /// Seed of everything random.
    pub(crate) seed: i64,
    /// The weights that training began with, if not fresh ones.
    pub(crate) loaded: Option<String>,
    /// Whether Ctrl-C ended the training.
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
