//! report.json and the table on the terminal: the figures of a run. Knows how
//! they are laid out; not how they were measured.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::start::Start;
use crate::threshold::Threshold;

/// A figure for each start, at each threshold.
pub(crate) type Table<T> = BTreeMap<Start, BTreeMap<&'static str, T>>;

/// What a run was and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Updates made in this run.
    pub(crate) updates: usize,
    /// Median time of an update; none if none was made.
    pub(crate) seconds_per_update: Option<f64>,
    /// Mean training loss over the last updates; none if none was made.
    pub(crate) loss: Option<f64>,
    /// Mean loss over the held-out pairs, after training.
    pub(crate) held_out_loss: f64,
    /// Mean Sinkhorn iterations to a marginal error, over the held-out pairs.
    pub(crate) iterations: Table<f64>,
    /// Mean time to it, with that of computing the start.
    pub(crate) seconds: Table<f64>,
    /// Pairs that did not get there in the most iterations that are made.
    pub(crate) unconverged: Table<usize>,
    /// Held-out pairs evaluated.
    pub(crate) pairs: usize,
    /// Pairs in an update.
    pub(crate) batch: usize,
    /// Entropic regularisation.
    pub(crate) epsilon: f32,
    /// Seed of everything random.
    pub(crate) seed: i64,
    /// The image file, and how many of its images were trained on and held out.
    pub(crate) images: String,
    /// Images trained on.
    pub(crate) training_images: usize,
    /// Images held out.
    pub(crate) held_out_images: usize,
    /// The weights that training began with, if not fresh ones.
    pub(crate) loaded: Option<String>,
    /// Whether Ctrl-C ended the training.
    pub(crate) interrupted: bool,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let (Some(seconds), Some(loss)) = (self.seconds_per_update, self.loss) {
            let milliseconds = 1e3 * seconds;
            let ended = if self.interrupted { " (ended by Ctrl-C)" } else { "" };
            writeln!(f, "{} updates{ended} of {milliseconds:.1} ms, loss {loss:.5}", self.updates)?;
        }
        writeln!(f, "{} held-out pairs, loss {:.5}\n", self.pairs, self.held_out_loss)?;

        writeln!(f, "{:10}{:^30}{:^30}", "", "mean Sinkhorn iterations to", "mean milliseconds to")?;
        write!(f, "{:10}", "start")?;
        for threshold in Threshold::ALL.iter().chain(&Threshold::ALL) {
            write!(f, "{:>10}", threshold.name)?;
        }
        writeln!(f)?;
        for start in Start::ALL {
            write!(f, "{:10}", start.name())?;
            for threshold in Threshold::ALL {
                let least = if self.unconverged[&start][threshold.name] > 0 { "≥ " } else { "" };
                write!(f, "{:>10}", format!("{least}{:.1}", self.iterations[&start][threshold.name]))?;
            }
            for threshold in Threshold::ALL {
                write!(f, "{:>10.2}", 1e3 * self.seconds[&start][threshold.name])?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
