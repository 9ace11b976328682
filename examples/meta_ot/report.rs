//! report.json and the table on the terminal: the figures of a run. Knows their
//! layout, not how they were measured.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::start::Start;
use crate::threshold::Threshold;

/// A figure per start and threshold.
pub(crate) type Table<T> = BTreeMap<Start, BTreeMap<&'static str, T>>;

/// The settings and results of a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The number of updates in this run.
    pub(crate) updates: usize,
    /// Median time of an update; none without updates.
    pub(crate) seconds_per_update: Option<f64>,
    /// Mean training loss over the last updates; none without updates.
    pub(crate) loss: Option<f64>,
    /// Mean loss over the held-out pairs, after training.
    pub(crate) held_out_loss: f64,
    /// Mean Sinkhorn iterations to a marginal error, over the held-out pairs.
    pub(crate) iterations: Table<f64>,
    /// Mean time to a marginal error, the computation of the start included.
    pub(crate) seconds: Table<f64>,
    /// The number of pairs that did not reach a marginal error within the maximum of iterations.
    pub(crate) unconverged: Table<usize>,
    /// The number of evaluated held-out pairs.
    pub(crate) pairs: usize,
    /// The number of pairs per update.
    pub(crate) batch: usize,
    /// The entropic regularisation.
    pub(crate) epsilon: f32,
    /// The seed of all random numbers.
    pub(crate) seed: i64,
    /// The image file.
    pub(crate) images: String,
    /// The number of training images.
    pub(crate) training_images: usize,
    /// The number of held-out images.
    pub(crate) held_out_images: usize,
    /// The file of the initial weights; none for fresh ones.
    pub(crate) loaded: Option<String>,
    /// True if Ctrl-C ended the training.
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
