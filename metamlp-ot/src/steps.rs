//! A problem being solved step by step, for whoever wants to look on or to
//! take the time.

use crate::error::Result;
use crate::run::Run;
use crate::sinkhorn_output::SinkhornOutput;

/// The iterations of one problem, from [`Sinkhorn::steps`](crate::Sinkhorn::steps):
/// each item is one block of `inner_iterations`, and the last one is the one
/// at which the solver stops.
#[derive(Debug)]
pub struct Steps {
    run: Run,
    has_failed: bool,
}

/// Where a [`Steps`] has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Iterations so far.
    pub iteration: usize,
    /// The marginal error after them; infinite below `min_iterations`.
    pub error: f64,
}

impl Steps {
    pub(crate) fn new(run: Run) -> Self {
        Self { run, has_failed: false }
    }

    /// The solution as it is now.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    pub fn output(&self) -> Result<SinkhornOutput> {
        // A single problem has a single output.
        let mut outputs = self.run.outputs()?;
        Ok(outputs.swap_remove(0))
    }

    /// All iterations that are left.
    pub(crate) fn run(mut self) -> Result<SinkhornOutput> {
        for step in &mut self {
            step?;
        }
        self.output()
    }
}

impl Iterator for Steps {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed || !self.run.is_active() {
            return None;
        }
        if let Err(error) = self.run.block() {
            self.has_failed = true;
            return Some(Err(error));
        }
        Some(Ok(Step { iteration: self.run.iteration(), error: self.run.last_error() }))
    }
}
