//! An iterator over the blocks of a solution in progress, to observe it or to
//! measure its time.

use std::panic::Location;

use metamlp_tensor::with_caller;

use crate::error::Result;
use crate::sinkhorn::output::SinkhornOutput;
use crate::sinkhorn::run::Run;

/// The blocks of one problem's solution, from
/// [`Sinkhorn::steps`](crate::Sinkhorn::steps). Each item is one block of
/// `inner_iterations`; after the last one the solver has stopped.
#[derive(Debug)]
pub struct Steps {
    run: Run,
    has_failed: bool,
}

/// The progress of a [`Steps`] after one block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The number of iterations so far.
    pub iteration: usize,
    /// The marginal error after them; infinite before `min_iterations`.
    pub error: f64,
}

impl Steps {
    pub(crate) fn new(run: Run) -> Self {
        Self { run, has_failed: false }
    }

    /// The solution so far.
    ///
    /// # Errors
    /// If a tensor cannot be computed.
    #[track_caller]
    pub fn output(&self) -> Result<SinkhornOutput> {
        with_caller(Location::caller(), || {
            // A single problem has a single output.
            let mut outputs = self.run.outputs()?;
            Ok(outputs.swap_remove(0))
        })
    }

    /// Runs the remaining iterations.
    pub(crate) fn run(mut self) -> Result<SinkhornOutput> {
        for step in &mut self {
            step?;
        }
        self.output()
    }
}

impl Iterator for Steps {
    type Item = Result<Step>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed || !self.run.is_active() {
            return None;
        }
        if let Err(error) = with_caller(Location::caller(), || self.run.block()) {
            self.has_failed = true;
            return Some(Err(error));
        }
        Some(Ok(Step { iteration: self.run.iteration(), error: self.run.last_error() }))
    }
}
