//! The progress of a long loop: a bar on a terminal, of any width, and an occasional plain line elsewhere.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Result;
use crate::terminal::print;

/// The time between two lines without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A progress bar on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    name: &'static str,
    length: usize,
    start: Instant,
    last_line: Option<Instant>,
}

impl Progress {
    /// A bar called `name` for a loop of `total` rounds.
    #[must_use]
    pub fn new(name: &'static str, length: usize) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(length as u64), target);
        // The message is cut off at the end of the line.
        let style = ProgressStyle::with_template("[{bar:12}] {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        Self { bar, name, length, start: Instant::now(), last_line: None }
    }

    /// Rounds per second after `done` rounds.
    #[must_use]
    pub fn rate(&self, done: usize) -> f64 {
        done as f64 / self.start.elapsed().as_secs_f64()
    }

    /// Shows that `done` rounds are finished.
    pub fn show(&mut self, done: usize, message: impl FnOnce() -> String) {
        let Self { name, length, .. } = *self;
        let line = || format!("{name} {done}/{length}  {}", message());
        if !self.bar.is_hidden() {
            self.bar.set_message(line());
            self.bar.set_position(done as u64);
        } else if self.last_line.is_none_or(|line| line.elapsed() >= LINE_INTERVAL) || done == self.length {
            self.last_line = Some(Instant::now());
            let _ = writeln!(io::stderr(), "{}", line());
        }
    }

    /// Prints a line on standard output, above the bar.
    ///
    /// # Errors
    /// [`Error::Print`](crate::Error::Print) if the line cannot be written.
    pub fn print(&self, line: impl Display) -> Result<()> {
        self.bar.suspend(|| print(line))
    }
}

impl Drop for Progress {
    /// Ends the bar where it is.
    fn drop(&mut self) {
        self.bar.abandon();
    }
}
